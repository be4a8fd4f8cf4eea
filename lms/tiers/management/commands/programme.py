"""`manage.py programme check FILE`: is this a programme, and do its cases come out as it says?"""

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

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            source = engine.read_yaml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} can't be read: {error}") from error
        except engine.DocumentError as error:
            raise CommandError(str(error)) from error
        if not isinstance(source.document, dict):
            raise CommandError("The document needs a mapping of names to values.")
        failed = [self._check(document, place, source.lines) for place, document in engine.programmes(source.document)]
        if any(failed):
            raise CommandError(f"{path.name}: {sum(failed)} of {len(failed)} programmes are not in order.")

    def _check(self, document: Any, place: engine.problems.Path, lines: dict[engine.problems.Path, int]) -> bool:
        """Prints what was found; returns whether something is wrong."""
        inside = {path[len(place) :]: line for path, line in lines.items() if path[: len(place)] == place}
        try:
            programme = engine.parse(document, lines=inside)
        except engine.DocumentError as error:
            kind = "not supported" if isinstance(error, engine.UnsupportedFeature) else "not a programme"
            self.stdout.write(f"{document.get('id', '?')}: {kind}")
            self.stdout.writelines(f"  {problem}" for problem in error.problems)
            return True
        results = engine.run_cases(document, programme)
        passed = sum(result.was_run and not result.failures for result in results)
        self.stdout.write(f"{programme.id}: {len(programme.tiers)} tiers, {passed} of {len(results)} cases passed")
        if programme.unread:
            self.stdout.write(f"  kept as words, no rule: {', '.join(programme.unread)}")
        for result in results:
            words = "; ".join(result.failures) or result.refused or ("" if result.was_run else "text only, not run")
            if words:
                self.stdout.write(f"  “{result.name}”: {words}")
        return any(result.failures or result.refused for result in results)
