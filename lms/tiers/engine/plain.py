"""Facts as people write them in the cases of a programme: what each value is follows from its shape."""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from lms.tiers.engine.facts import Entry, Evidence, Facts, Held, Measure, Person, Span
from lms.tiers.engine.numbers import exact

_CODE = ("code", "credential", "id")
_SINCE = ("since", "earned", "issued", "passed", "acquired", "from")
_UNTIL = ("until", "expires", "valid_until", "lost", "to")
_OWN = frozenset({"people", "holds", "invited", "evidence", "levels", "peers", "organisations"})


def read_facts(given: Mapping[str, Any]) -> Facts:
    """`people` maps a person to codes (or to mappings with code, since, until); `holds` and `invited` are lists;
    `evidence`, `levels`, `peers` and `organisations` as in docs/programmes.md. Anything else by its shape: number, yes
    or no, date, text, list of numbers or of dated numbers, list of spans, mapping of keys to numbers.

    Raises ValueError for a value that is none of these.
    """
    if not isinstance(given, Mapping):
        raise ValueError("facts need a mapping of names to values")
    kinds: dict[str, Any] = {}
    for name, value in given.items():
        if name not in _OWN:
            kind, read = _shape(name, value)
            kinds.setdefault(kind, {})[name] = read
    people, levels, evidence = given.get("people"), given.get("levels"), given.get("evidence")
    return Facts(
        people=None if people is None else tuple(_person(str(name), held) for name, held in people.items()),
        holds=frozenset(given.get("holds", ())),
        invited=frozenset(given.get("invited", ())),
        levels=None if levels is None else tuple(_span(level, "tier") for level in levels),
        evidence=None if evidence is None else tuple(_evidence(proof) for proof in evidence),
        peers={name: tuple(_number(name, value) for value in values) for name, values in _mapping(given, "peers")},
        organisations={name: read_facts(facts) for name, facts in _mapping(given, "organisations")},
        **kinds,
    )


def _mapping(given: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    value = given.get(name, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} needs a mapping of names to values")
    return list(value.items())


def _shape(name: str, value: Any) -> tuple[str, Any]:
    """The field of Facts that a value belongs to, and the value as that field has it."""
    if isinstance(value, bool):
        return "measures", Measure(value=Fraction(value))
    number = exact(value)
    if number is not None:
        return "measures", Measure(value=number)
    if isinstance(value, str | date):
        day = _day(value)
        return ("texts", str(value)) if day is None else ("dates", day)
    if isinstance(value, Mapping):
        return "groups", {str(key): _number(name, member) for key, member in value.items()}
    if isinstance(value, list) and all(isinstance(member, Mapping) for member in value) and value:
        if any(key in value[0] for key in _SINCE):
            return "spans", tuple(_span(member, "name") for member in value)
        return "series", tuple(_entry(name, member) for member in value)
    if isinstance(value, list) and all(isinstance(member, str) and exact(member) is None for member in value) and value:
        return "groups", dict.fromkeys(value, Fraction(1))
    if isinstance(value, list):
        return "series", tuple(Entry(value=_number(name, member)) for member in value)
    raise ValueError(f"{name} is neither a number nor yes or no nor anything else that is read")


def _number(name: str, value: Any) -> Fraction:
    number = Fraction(value) if isinstance(value, bool) else exact(value)
    if number is None:
        raise ValueError(f"{name} needs numbers")
    return number


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _first(member: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((member[name] for name in names if name in member), None)


def _date(member: Mapping[str, Any], names: tuple[str, ...]) -> date | None:
    value = _first(member, names)
    if value is None:
        return None
    day = _day(value)
    if day is None:
        raise ValueError(f"“{value}” is not a date")
    return day


def _person(name: str, given: Any) -> Person:
    if isinstance(given, Mapping):
        held = tuple(_held(name, member) for member in given.get("held", given.get("credentials", [])))
        return Person(
            id=name,
            held=held,
            persona=str(given.get("persona", "")),
            since=_date(given, _SINCE),
            until=_date(given, _UNTIL),
        )
    if not isinstance(given, list):
        raise ValueError(f"{name} needs a list of credentials")
    return Person(id=name, held=tuple(_held(name, member) for member in given))


def _held(name: str, given: Any) -> Held:
    if not isinstance(given, Mapping):
        return Held(code=str(given))
    code = _first(given, _CODE)
    if code is None:
        raise ValueError(f"a credential of {name} needs a code")
    return Held(code=str(code), since=_date(given, _SINCE), until=_date(given, _UNTIL))


def _span(given: Mapping[str, Any], name: str) -> Span:
    since = _date(given, _SINCE)
    if since is None:
        raise ValueError("a span needs “since”")
    return Span(since=since, until=_date(given, _UNTIL), name=str(given.get(name, "")))


def _entry(name: str, given: Mapping[str, Any]) -> Entry:
    on = _date(given, ("on", "date"))
    if on is None:
        raise ValueError(f"{name} needs “on” in each entry")
    return Entry(value=_number(name, given.get("value", given.get("amount", 1))), on=on)


def _evidence(given: Mapping[str, Any]) -> Evidence:
    return Evidence(
        kind=str(given.get("kind", "")),
        is_accepted=bool(given.get("accepted", True)),
        reviewer=str(given.get("reviewer", "")),
        since=_date(given, _SINCE),
        until=_date(given, _UNTIL),
    )
