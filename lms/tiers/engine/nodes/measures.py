"""Rules on numbers and on yes or no."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.facts import Entry
from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.series import SERIES_KEYS, Aggregate
from lms.tiers.engine.nodes.thresholds import Threshold, read_threshold
from lms.tiers.engine.numbers import as_words
from lms.tiers.engine.problems import Path


def bounds(reader: Reader, members: Mapping[str, object], path: Path) -> tuple[Threshold | None, Threshold | None]:
    """`gte` and `lte`; a problem when neither is there."""
    if "gte" not in members and "lte" not in members:
        reader.problem(path, "needs “gte” or “lte”")
    gte = read_threshold(reader, members["gte"], (*path, "gte")) if "gte" in members else None
    lte = read_threshold(reader, members["lte"], (*path, "lte")) if "lte" in members else None
    return gte, lte


def compare(have: Fraction | None, gte: Fraction | None, lte: Fraction | None) -> State:
    if have is None:
        return State.UNKNOWN
    return State.MET if (gte is None or have >= gte) and (lte is None or have <= lte) else State.UNMET


def gap(have: Fraction | None, gte: Fraction | None, lte: Fraction | None, unit: str) -> str:
    """What is lacking, in words."""
    if have is None:
        return "not known yet"
    if gte is not None and have < gte:
        return f"{as_words(have, unit, 2)}, needs {as_words(gte, unit, 2)}"
    if lte is not None and have > lte:
        return f"{as_words(have, unit, 2)}, at most {as_words(lte, unit, 2)} allowed"
    return ""


@dataclass(frozen=True, kw_only=True)
class Metric(Node):
    """`metric: name` with `gte`, `lte` or both: a number within bounds, the bounds included.

    With `window` or `in_each` it is made from dated entries (nodes/series.py).
    """

    kind: ClassVar[str] = "metric"
    beside: ClassVar[frozenset[str]] = frozenset({"gte", "lte"}) | SERIES_KEYS
    name: str
    gte: Threshold | None
    lte: Threshold | None
    aggregate: Aggregate | None = None

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        gte, lte = bounds(reader, members, path)
        name = reader.slug(members["metric"], (*path, "metric"))
        aggregate = Aggregate.read(reader, members, path)
        return cls(id=id, label=reader.label(members, path), name=name, gte=gte, lte=lte, aggregate=aggregate)

    def assess(self, context: Context) -> Finding:
        have = context.measure(self.name) if self.aggregate is None else self.aggregate.of(self.name, context)
        gte = None if self.gte is None else self.gte.of(context)
        lte = None if self.lte is None else self.lte.of(context)
        bound_is_open = (self.gte is not None and gte is None) or (self.lte is not None and lte is None)
        known = None if bound_is_open else have
        unit = context.units.get(self.name, "")
        need = gte if gte is not None else lte
        return Finding(
            id=self.id,
            label=self.label or context.words(self.name).capitalize(),
            kind=self.kind,
            state=compare(known, gte, lte),
            need=need if need is not None else Fraction(0),
            have=have,
            unit=unit,
            missing=gap(known, gte, lte, unit),
            measures=(self.name,),
            entries=() if self.aggregate is None else _references(self.aggregate.counted(self.name, context)),
        )


def _references(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(entry.reference for entry in entries if entry.reference)


@dataclass(frozen=True, kw_only=True)
class Fact(Node):
    """`fact: name`: something that is so."""

    kind: ClassVar[str] = "fact"
    name: str

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        name = reader.slug(members["fact"], (*path, "fact"))
        return cls(id=id, label=reader.label(members, path), name=name)

    def assess(self, context: Context) -> Finding:
        value = context.measure(self.name)
        state = State.UNKNOWN if value is None else State.MET if value else State.UNMET
        return Finding(
            id=self.id,
            label=self.label or context.words(self.name).capitalize(),
            kind=self.kind,
            state=state,
            need=Fraction(1),
            have=None if value is None else Fraction(bool(value)),
            unit="yes",
            missing={State.MET: "", State.UNMET: "not so", State.UNKNOWN: "not known yet"}[state],
            measures=(self.name,),
        )
