"""The cases a programme document brings along: facts in, expectation out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lms.tiers.engine.document import Programme, parse
from lms.tiers.engine.evaluation import Evaluation, evaluate
from lms.tiers.engine.facts import Facts
from lms.tiers.engine.numbers import as_words, exact
from lms.tiers.engine.problems import Path

_KNOWN = frozenset(
    {
        *("name", "origin", "note", "text_only", "text", "track", "designation", "facts", "on"),
        *("expect_tier", "expect_note", "expect_metric", "expect_total", "expect_holds"),
    }
)
UNDATED = date(2000, 1, 1)


@dataclass(frozen=True)
class CaseResult:
    """How one case went. Passed when it was run and nothing failed; `refused` names what cannot be checked in it."""

    name: str
    was_run: bool
    failures: tuple[str, ...] = ()
    refused: str = ""


def programmes(document: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The programmes in a file: the document itself, or the members of its `programmes`."""
    if "programmes" in document:
        for name, member in document["programmes"].items():
            yield ("programmes", name), {"id": name, **member}
    else:
        yield (), document


def run_cases(document: Mapping[str, Any], programme: Programme | None = None) -> list[CaseResult]:
    """Runs the document's `cases`, each of them. Raises DocumentError when the document is no programme."""
    programme = programme or parse(document)
    return [_run(programme, case) for case in document.get("cases") or []]


def _run(programme: Programme, case: Mapping[str, Any]) -> CaseResult:
    name = str(case.get("name", ""))
    if case.get("text_only"):
        return CaseResult(name, was_run=False)
    unknown = sorted(case.keys() - _KNOWN)
    if unknown:
        return CaseResult(name, was_run=False, refused=f"{', '.join(unknown)} can't be checked")
    try:
        facts = Facts.plain(case.get("facts") or {})
        on = date.fromisoformat(str(case["on"])) if "on" in case else UNDATED
        evaluation = evaluate(programme, facts, on, track=str(case.get("track", "")))
    except ValueError as error:
        return CaseResult(name, was_run=True, failures=(str(error),))
    return CaseResult(name, was_run=True, failures=tuple(_failures(case, evaluation)))


def _failures(case: Mapping[str, Any], evaluation: Evaluation) -> Iterator[str]:
    if "expect_tier" in case and str(case["expect_tier"]) != evaluation.reached:
        yield f"expected tier {case['expect_tier']}, got {evaluation.reached}"
    if "expect_note" in case and case["expect_note"] != evaluation.note:
        yield f"expected note “{case['expect_note']}”, got “{evaluation.note}”"
    if "expect_holds" in case:
        found = next((d for d in evaluation.designations if d.id == case.get("designation")), None)
        if found is None or found.is_met is not case["expect_holds"]:
            yield f"expected {case.get('designation')} held: {case['expect_holds']}"
    yield from _score_failures(case, evaluation)


def _score_failures(case: Mapping[str, Any], evaluation: Evaluation) -> Iterator[str]:
    if "expect_total" in case:
        total = evaluation.total(evaluation.track)
        if total is None or total != exact(case["expect_total"]):
            yield f"expected {case['expect_total']} points, got {'none' if total is None else as_words(total)}"
    for name, expected in (case.get("expect_metric") or {}).items():
        points = evaluation.scores.get(evaluation.track, {}).get(name)
        if points is None or points != exact(expected):
            yield f"expected {expected} points in {name}, got {'none' if points is None else as_words(points)}"
