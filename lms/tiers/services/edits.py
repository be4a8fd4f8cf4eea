"""The common changes of a document without its text: numbers, dates, names of tiers. The document stays the truth."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import yaml

from lms.tiers.engine.problems import Path

_NUMBERS = {
    "min": "at least",
    "gte": "at least",
    "lte": "at most",
    "n": "how many of them",
    "each": "different ones each",
    "amount": "amount",
    "months": "window in months",
    "quarters": "window in quarters",
    "years": "window in years",
    "days": "days",
    "grace_days": "days to cure",
    "hours_per_person_and_quarter": "hours per person and quarter",
}
_DATES = {"no_loss_until": "last day without loss", "counts_until": "counts until"}
_PLACES = ("lifecycle", "training_budget", "migration", "credential_rules")
Value = Decimal | date | str


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Something that the form can change: where it stands, in words what it is, and what it is now."""

    path: Path
    label: str
    value: Value

    @property
    def key(self) -> str:
        """Its place as the name of a field: "tiers.1.requires.all.0.people.min"."""
        return ".".join(map(str, self.path))


def editable(document: Mapping[str, Any]) -> tuple[Edit, ...]:
    """What the form can change in a document, in its order: names of tiers, bounds, quotas, windows and dates.

    Whatever else there is (which certifications count, points, formulas) is changed in the text.
    """
    found: list[Edit] = []
    for number, tier in enumerate(document.get("tiers", ())):
        name = str(tier.get("name") or str(tier["id"]).replace("_", " ").capitalize())
        found.append(Edit(path=("tiers", number, "name"), label=f"{name}: name", value=name))
        found.extend(_inside(tier.get("requires"), ("tiers", number, "requires"), name))
    for place in _PLACES:
        found.extend(_inside(document.get(place), (place,), place.replace("_", " ").capitalize()))
    return tuple(found)


def _inside(value: Any, path: Path, words: str) -> Iterator[Edit]:
    """The numbers and dates of a rule, however deep; `words` gather what it is about on the way."""
    if isinstance(value, list):
        for number, member in enumerate(value):
            yield from _inside(member, (*path, number), words)
    if not isinstance(value, Mapping):
        return
    words = f"{words} · {about}" if (about := _about(value)) else words
    for name, member in value.items():
        place = (*path, name)
        if name in _NUMBERS and isinstance(member, int | float) and not isinstance(member, bool):
            yield Edit(path=place, label=f"{words}: {_NUMBERS[name]}", value=Decimal(str(member)))
        elif name in _DATES and (day := _day(member)) is not None:
            yield Edit(path=place, label=f"{words}: {_DATES[name]}", value=day)
        else:
            inner = f"{words} · {name}" if path[0] == "credential_rules" else words
            yield from _inside(member, place, inner)


def _about(rule: Mapping[str, Any]) -> str:
    """What a rule calls itself, or what it looks at."""
    named = rule.get("label") or rule.get("id") or rule.get("metric")
    if named:
        return str(named).replace("_", " ")
    codes = rule.get("any_of") or rule.get("all_of")
    return ", ".join(map(str, codes)) if isinstance(codes, list) else ""


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def as_text(document: Mapping[str, Any]) -> str:
    """The document as YAML, in its own order."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def with_edits(document: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """A copy of the document in which what `values` names (by `Edit.key`) has another value. Others are left alone."""
    changed: dict[str, Any] = deepcopy(dict(document))
    for edit in editable(document):
        wanted = values.get(edit.key, edit.value)
        if wanted != edit.value:
            holder: Any = changed
            for step in edit.path[:-1]:
                holder = holder[step]
            holder[edit.path[-1]] = _stored(wanted)
    return changed


def _stored(value: Value) -> int | float | str:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value
