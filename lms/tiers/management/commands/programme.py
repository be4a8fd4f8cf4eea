"""`manage.py programme check FILE`: is this a programme, and do its cases come out as it says?"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.tiers import engine


class Command(BaseCommand):
    """Needs no database."""

    help = "Check a programme document (YAML): its rules, with line numbers, and its cases."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="validate the document and run its cases")
        check.add_argument("file", type=Path)
        check.add_argument("--json", action="store_true", help="one JSON object on standard output, for machines")
        actions.add_parser("schema", help="print the JSON schema of programme documents")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "schema":
            self.stdout.write(json.dumps(engine.schema.load(), indent=1))
            return
        path: Path = options["file"]
        try:
            reports = [_report(*found) for found in _programmes(path)]
        except engine.DocumentError as error:
            reports = [_refusal("?", error)]
        failed = sum(not report["is_in_order"] for report in reports)
        if options["json"]:
            self.stdout.write(
                json.dumps({"file": path.name, "is_in_order": not failed, "programmes": reports}, indent=1)
            )
        else:
            for report in reports:
                self._print(report)
        if failed:
            raise CommandError(f"{path.name}: {failed} of {len(reports)} programmes are not in order.")

    def _print(self, report: dict[str, Any]) -> None:
        if report["problems"]:
            self.stdout.write(f"{report['id']}: {report['verdict']}")
            for problem in report["problems"]:
                self.stdout.write(f"  {problem['text']}")
            return
        passed = sum(case["verdict"] == "passed" for case in report["cases"])
        self.stdout.write(f"{report['id']}: {report['tiers']} tiers, {passed} of {len(report['cases'])} cases passed")
        if report["words"]:
            self.stdout.write(f"  kept as words, no rule: {', '.join(report['words'])}")
        for case in report["cases"]:
            if case["verdict"] != "passed":
                place = f"line {case['line']}: " if case["line"] else ""
                self.stdout.write(f"  {place}“{case['name']}”: {case['detail'] or case['verdict']}")


def _programmes(path: Path) -> list[tuple[dict[str, Any], dict[engine.problems.Path, int]]]:
    """Each programme of the file with the lines of its values. Raises DocumentError and CommandError."""
    try:
        source = engine.read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be read: {error}") from error
    if not isinstance(source.document, dict):
        raise engine.DocumentError([engine.Problem((), "The document needs a mapping of names to values.")])
    return [
        (dict(document), {place[len(at) :]: line for place, line in source.lines.items() if place[: len(at)] == at})
        for at, document in engine.programmes(source.document)
    ]


def _report(document: dict[str, Any], lines: dict[engine.problems.Path, int]) -> dict[str, Any]:
    """What was found, for people and machines alike."""
    try:
        programme = engine.parse(document, lines=lines)
        results = engine.run_cases(document, programme)
    except engine.DocumentError as error:
        return _refusal(str(document.get("id", "?")), error)
    cases = [
        {
            "name": result.name,
            "verdict": "passed" if result.is_passed else "failed" if result.failures or result.refused else "text only",
            "detail": "; ".join(result.failures) or result.refused,
            "line": lines.get(("cases", index)),
        }
        for index, result in enumerate(results)
    ]
    return {
        "id": programme.id,
        "is_in_order": all(case["verdict"] != "failed" for case in cases),
        "verdict": "a programme" if programme.tiers else "words without tiers",
        "tiers": len(programme.tiers),
        "words": list(programme.unread),
        "problems": [],
        "cases": cases,
    }


def _refusal(name: str, error: engine.DocumentError) -> dict[str, Any]:
    return {
        "id": name,
        "is_in_order": False,
        "verdict": "not supported" if isinstance(error, engine.UnsupportedFeature) else "not a programme",
        "tiers": 0,
        "words": [],
        "problems": [
            {"line": problem.line, "path": list(problem.path), "message": problem.message, "text": str(problem)}
            for problem in error.problems
        ],
        "cases": [],
    }
