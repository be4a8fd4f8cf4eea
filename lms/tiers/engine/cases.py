"""The cases a programme document brings along: facts in, expectation out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any

from lms.tiers.engine.document import Programme, parse
from lms.tiers.engine.evaluation import Evaluation, TierFinding, context_of, evaluate
from lms.tiers.engine.facts import Facts
from lms.tiers.engine.formula import Formula
from lms.tiers.engine.lifecycle import Standing, rule
from lms.tiers.engine.nodes.base import Context
from lms.tiers.engine.nodes.scorecard import round_to
from lms.tiers.engine.numbers import as_words, exact
from lms.tiers.engine.problems import Path

_KNOWN = frozenset(
    {
        *("name", "origin", "note", "text_only", "text", "track", "designation", "facts", "on", "at", "formula"),
        *("expect_tier", "expect_note", "expect_metric", "expect_total", "expect_holds", "expect_value"),
        *("expect_eligible", "expect_track", "expect_capability", "capability", "expect_missing"),
        *("before", "expect_held", "expect_kept_until", "expect_due_on"),
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

    @property
    def is_passed(self) -> bool:
        return self.was_run and not self.failures and not self.refused


def programmes(document: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The programmes in a file: the document itself, or the members of its `programmes`."""
    if isinstance(document.get("programmes"), Mapping):
        for name, member in document["programmes"].items():
            yield ("programmes", name), {"id": name, **(member if isinstance(member, Mapping) else {})}
    else:
        yield (), document


def run_cases(document: Mapping[str, Any], programme: Programme | None = None) -> list[CaseResult]:
    """Runs the document's `cases`, each of them. Raises DocumentError when the document is no programme."""
    programme = programme or parse(document)
    return [_run(programme, case) for case in document.get("cases") or []]


def _run(programme: Programme, case: Any) -> CaseResult:
    if not isinstance(case, Mapping):
        return CaseResult("", was_run=False, refused="a case needs a mapping of names to values")
    name = str(case.get("name", ""))
    if case.get("text_only"):
        return CaseResult(name, was_run=False)
    unknown = sorted(case.keys() - _KNOWN)
    if unknown:
        return CaseResult(name, was_run=False, refused=f"{', '.join(unknown)} can't be checked")
    if not any(key.startswith("expect_") for key in case):
        return CaseResult(name, was_run=False, refused="it expects nothing")
    try:
        facts = Facts.plain(case.get("facts") or {})
        on = date.fromisoformat(str(case.get("on", case.get("at", UNDATED)))[:10])
        track = str(case.get("track", ""))
        evaluation = evaluate(programme, facts, on, track=track)
        context = context_of(programme, facts, on, evaluation.track)
    except ValueError as error:
        return CaseResult(name, was_run=True, failures=(str(error),))
    failures = [*_failures(case, evaluation), *_score_failures(case, evaluation, context), *_formula(case, context)]
    if {"before", "expect_held", "expect_kept_until", "expect_due_on"} & case.keys():
        failures.extend(_ruling(programme, case, evaluation, on))
    return CaseResult(name, was_run=True, failures=tuple(failures))


def _failures(case: Mapping[str, Any], evaluation: Evaluation) -> Iterator[str]:
    if "expect_tier" in case and str(case["expect_tier"]) != evaluation.reached:
        yield f"expected tier {case['expect_tier']}, got {evaluation.reached}"
    if "expect_eligible" in case and str(case["expect_eligible"]) != evaluation.reached:
        yield f"expected eligible for {case['expect_eligible']}, got {evaluation.reached}"
    if "expect_track" in case and str(case["expect_track"]) != evaluation.track:
        yield f"expected track {case['expect_track']}, got {evaluation.track}"
    if "expect_note" in case and case["expect_note"] != evaluation.note:
        yield f"expected note “{case['expect_note']}”, got “{evaluation.note}”"
    yield from _yes_or_no(case, "expect_holds", "designation", evaluation.designations)
    yield from _yes_or_no(case, "expect_capability", "capability", evaluation.capabilities)
    for name, words in (case.get("expect_missing") or {}).items():
        requirement = evaluation.requirement(name)
        if requirement is None or requirement.missing != words:
            yield f"expected {name} to lack “{words}”, got “{'' if requirement is None else requirement.missing}”"


def _yes_or_no(case: Mapping[str, Any], key: str, what: str, found: Iterable[TierFinding]) -> Iterator[str]:
    if key in case:
        one = next((finding for finding in found if finding.id == case.get(what)), None)
        if one is None or one.is_met is not case[key]:
            yield f"expected {what} {case.get(what)}: {case[key]}"


def _score_failures(case: Mapping[str, Any], evaluation: Evaluation, context: Context) -> Iterator[str]:
    card = evaluation.track or next(iter(evaluation.scores), "")
    if "expect_total" in case:
        total = evaluation.total(card)
        if not _is_close(total, case["expect_total"]):
            yield f"expected {case['expect_total']} points, got {'none' if total is None else as_words(total)}"
    for name, expected in (case.get("expect_metric") or {}).items():
        points = evaluation.scores.get(card, {}).get(name, context.measure(name))
        if not _is_close(points, expected):
            yield f"expected {expected} points in {name}, got {'none' if points is None else as_words(points)}"


def _formula(case: Mapping[str, Any], context: Context) -> Iterator[str]:
    if "expect_value" not in case:
        return
    try:
        value = Formula.read(str(case.get("formula", ""))).value(context.term)
    except ValueError as error:
        yield str(error)
        return
    if not _is_close(value, case["expect_value"]):
        yield f"expected {case['expect_value']}, got {'none' if value is None else as_words(value)}"


def _ruling(programme: Programme, case: Mapping[str, Any], evaluation: Evaluation, on: date) -> Iterator[str]:
    """What the lifecycle makes of it, for a partner who stood as `before` says."""
    before = case.get("before") or {}
    since, kept_since = (_moment(before[name]) if name in before else None for name in ("since", "kept_since"))
    standing = Standing(tier=before.get("tier"), since=since, kept_since=kept_since, earlier=before.get("earlier"))
    ruling = rule(programme.in_force(on), evaluation, standing, _moment(on))
    until = None if ruling.kept_until is None else ruling.kept_until.date()
    for key, found in (("held", ruling.tier), ("kept_until", until), ("due_on", ruling.due_on)):
        if f"expect_{key}" in case and str(case[f"expect_{key}"]) != str(found):
            yield f"expected {key.replace('_', ' ')} {case[f'expect_{key}']}, got {found}"


def _moment(day: Any) -> datetime:
    return datetime.combine(date.fromisoformat(str(day)), time.min, UTC)


def _is_close(found: Fraction | None, expected: Any) -> bool:
    """Equal; an expectation written with decimals (6.67) is compared to as many of them, rounded half up."""
    number = Fraction(expected) if isinstance(expected, bool) else exact(expected)
    if found is None or number is None or found == number:
        return found is not None and found == number
    _, point, decimals = str(expected).partition(".")
    return bool(point) and decimals.isdigit() and round_to(found, "half_up", len(decimals)) == number
