"""Rules on numbers and on yes or no."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from lms.tiers.engine.nodes.base import Context, Finding, Node, State
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.numbers import as_words
from lms.tiers.engine.problems import Path


def bounds(reader: Reader, members: Mapping[str, object], path: Path) -> tuple[Fraction | None, Fraction | None]:
    """`gte` and `lte`; a problem when neither is there."""
    if "gte" not in members and "lte" not in members:
        reader.problem(path, "needs “gte” or “lte”")
    gte = reader.number(members["gte"], (*path, "gte")) if "gte" in members else None
    lte = reader.number(members["lte"], (*path, "lte")) if "lte" in members else None
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
    """`metric: name` with `gte`, `lte` or both: a number within bounds, the bounds included."""

    kind: ClassVar[str] = "metric"
    beside: ClassVar[frozenset[str]] = frozenset({"gte", "lte"})
    name: str
    gte: Fraction | None
    lte: Fraction | None

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        gte, lte = bounds(reader, members, path)
        name = reader.slug(members["metric"], (*path, "metric"))
        return cls(id=id, label=reader.label(members, path), name=name, gte=gte, lte=lte)

    def assess(self, context: Context) -> Finding:
        have = context.measure(self.name)
        unit = context.units.get(self.name, "")
        need = self.gte if self.gte is not None else self.lte
        return Finding(
            id=self.id,
            label=self.label or context.words(self.name).capitalize(),
            kind=self.kind,
            state=compare(have, self.gte, self.lte),
            need=need if need is not None else Fraction(0),
            have=have,
            unit=unit,
            missing=gap(have, self.gte, self.lte, unit),
            measures=(self.name,),
        )


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


@dataclass(frozen=True, kw_only=True)
class Ratio(Node):
    """`ratio: {num, den, gte, cap}`: num ÷ min(den, cap) at least gte. Nobody in the population: not known."""

    kind: ClassVar[str] = "ratio"
    num: str
    den: str
    cap: Fraction | None
    gte: Fraction

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path, id: str) -> Self:  # noqa: A002
        inside = (*path, "ratio")
        inner = reader.mapping(
            members["ratio"], inside, required=frozenset({"num", "den", "gte"}), optional=frozenset({"cap"})
        )
        cap = Fraction(reader.count(inner["cap"], (*inside, "cap"))) if "cap" in inner else None
        return cls(
            id=id,
            label=reader.label(members, path),
            num=reader.slug(inner.get("num"), (*inside, "num")),
            den=reader.slug(inner.get("den"), (*inside, "den")),
            cap=cap,
            gte=reader.number(inner.get("gte"), (*inside, "gte")),
        )

    def assess(self, context: Context) -> Finding:
        numerator, denominator = context.measure(self.num), context.measure(self.den)
        if denominator is not None and self.cap is not None:
            denominator = min(denominator, self.cap)
        have = None if numerator is None or not denominator else numerator / denominator
        return Finding(
            id=self.id,
            label=self.label or f"{context.words(self.num).capitalize()} of {context.words(self.den)}",
            kind=self.kind,
            state=compare(have, self.gte, None),
            need=self.gte,
            have=have,
            unit="share",
            missing=gap(have, self.gte, None, "share"),
            measures=(self.num, self.den),
        )
