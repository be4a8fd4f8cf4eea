"""Points: a scorecard is a sum of components, each with a ceiling. What is not known leaves a range, not a zero."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, Self

from lms.tiers.engine.nodes.base import Context, Finding, State
from lms.tiers.engine.nodes.demands import Count, Line
from lms.tiers.engine.nodes.people import QUOTA_KEYS, Quota, quota_finding, references
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.nodes.series import SERIES_KEYS, Aggregate
from lms.tiers.engine.problems import Path

ROUNDINGS = frozenset({"exact", "whole_units", "down", "half_up", "up"})
NO_CEILING = Fraction(10**12)
_COMPONENT_KEYS = frozenset(
    {"max", "per_unit", "metric", "require_metric", "per_person", "any_of", "any_of_vocab", "gates", "best_of"}
)


@dataclass(frozen=True)
class Points:
    """Between `low` and `high`; equal when all is known."""

    low: Fraction
    high: Fraction
    people: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()


def round_to(points: Fraction, rounding: str, places: int) -> Fraction:
    """Points as a programme shows them: exact, or cut, raised or rounded half up to so many places."""
    scale = 10**places
    if rounding == "down":
        return Fraction(floor(points * scale), scale)
    if rounding == "up":
        return Fraction(ceil(points * scale), scale)
    return Fraction(floor(points * scale + Fraction(1, 2)), scale) if rounding == "half_up" else points


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A metric that must reach a value before its component scores at all."""

    name: str
    gte: Fraction


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One way to score: `metric` ÷ `threshold` of the ceiling."""

    name: str
    threshold: Fraction


@dataclass(frozen=True, kw_only=True)
class Component:
    """One line of a scorecard: points per unit, per certified person, or the best alternative; never above `max`."""

    name: str
    max: Fraction
    rounding: str = "exact"
    places: int = 0
    per_unit: Fraction = Fraction(0)
    metric: str = ""
    require: Gate | None = None
    per_person: Fraction = Fraction(0)
    codes: frozenset[str] = frozenset()
    gates: tuple[Quota, ...] = ()
    best_of: tuple[Alternative, ...] = ()
    aggregate: Aggregate | None = None

    @classmethod
    def read(cls, reader: Reader, value: Any, path: Path, name: str, rounding: tuple[str, int]) -> Self:
        members = reader.mapping(value, path, optional=_COMPONENT_KEYS | SERIES_KEYS)
        ways = [key for key in ("per_unit", "per_person", "best_of") if key in members]
        if len(ways) != 1:
            reader.problem(path, "needs exactly one of “per_unit”, “per_person” and “best_of”")
        common: dict[str, Any] = {
            "name": name,
            "max": reader.number(members["max"], (*path, "max")) if "max" in members else NO_CEILING,
            "rounding": rounding[0],
            "places": rounding[1],
        }
        if ways == ["per_unit"]:
            return cls(**common, **_per_unit(reader, members, path))
        if ways == ["per_person"]:
            return cls(**common, **_per_person(reader, members, path))
        return cls(**common, best_of=_best_of(reader, members.get("best_of", []), (*path, "best_of")))

    def points(self, context: Context) -> Points:
        if self.best_of:
            return self._best(context)
        return self._by_people(context) if self.codes else self._by_units(context)

    def _capped(self, units: Fraction, each: Fraction) -> Fraction:
        if self.rounding == "whole_units":
            units = Fraction(floor(units))
        return round_to(min(max(units * each, Fraction(0)), self.max), self.rounding, self.places)

    def line(self, context: Context) -> Line | None:
        """What certified people could still add to it; None when it is not made of people."""
        if not self.codes:
            return None
        gates = tuple(gate.demand(context) for gate in self.gates)
        counts = tuple(gate for gate in gates if isinstance(gate, Count))
        return Line(self.codes, self.per_person, self.max, counts)

    def _by_units(self, context: Context) -> Points:
        names = (self.metric,) if self.require is None else (self.metric, self.require.name)
        if self.require is not None:
            gate = context.measure(self.require.name)
            if gate is not None and gate < self.require.gte:
                return Points(Fraction(0), Fraction(0), measures=names)
            if gate is None:
                return Points(Fraction(0), self.max, measures=names)
        units = context.measure(self.metric) if self.aggregate is None else self.aggregate.of(self.metric, context)
        if units is None:
            return Points(Fraction(0), self.max, measures=names)
        points = self._capped(units, self.per_unit)
        return Points(points, points, measures=names)

    def _by_people(self, context: Context) -> Points:
        holders = context.holders(self.codes)
        if holders is None:
            return Points(Fraction(0), self.max)
        is_open = all(quota_finding("people", context, gate, self.name, "").is_met for gate in self.gates)
        points = self._capped(Fraction(len(holders)), self.per_person) if is_open else Fraction(0)
        return Points(points, points, people=tuple(holders), credentials=references(holders))

    def _best(self, context: Context) -> Points:
        values = [(context.measure(way.name), way.threshold) for way in self.best_of]
        known = [self._capped(value / threshold, self.max) for value, threshold in values if value is not None]
        low = max(known, default=Fraction(0))
        high = low if len(known) == len(values) else self.max
        return Points(low, high, measures=tuple(way.name for way in self.best_of))


def _per_unit(reader: Reader, members: Mapping[str, Any], path: Path) -> dict[str, Any]:
    require = None
    if "require_metric" in members:
        place = (*path, "require_metric")
        inner = reader.mapping(
            members["require_metric"], place, required=frozenset({"metric", "gte"}), optional=frozenset()
        )
        require = Gate(
            name=reader.slug(inner.get("metric"), (*place, "metric")),
            gte=reader.number(inner.get("gte"), (*place, "gte")),
        )
    return {
        "per_unit": reader.number(members["per_unit"], (*path, "per_unit")),
        "metric": reader.slug(members.get("metric"), (*path, "metric")),
        "require": require,
        "aggregate": Aggregate.read(reader, members, path),
    }


def _per_person(reader: Reader, members: Mapping[str, Any], path: Path) -> dict[str, Any]:
    gates = []
    for index, member in enumerate(reader.members(members.get("gates", []), (*path, "gates"))):
        place = (*path, "gates", index)
        gate = reader.mapping(member, place, required=frozenset({"min"}), optional=QUOTA_KEYS)
        gates.append(Quota.read(reader, gate, place))
    return {
        "per_person": reader.number(members["per_person"], (*path, "per_person")),
        "codes": reader.codes(members, path),
        "gates": tuple(gates),
    }


def _best_of(reader: Reader, value: Any, path: Path) -> tuple[Alternative, ...]:
    ways = []
    for index, member in enumerate(reader.members(value, path)):
        place = (*path, index)
        way = reader.mapping(member, place, required=frozenset({"metric", "threshold"}), optional=frozenset())
        threshold = reader.number(way.get("threshold"), (*place, "threshold"))
        if threshold <= 0:
            reader.problem((*place, "threshold"), "needs a number above 0")
            threshold = Fraction(1)
        ways.append(Alternative(name=reader.slug(way.get("metric"), (*place, "metric")), threshold=threshold))
    return tuple(ways)


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """A named sum of components."""

    name: str
    components: tuple[Component, ...]

    def found(self, context: Context) -> tuple[Points, ...]:
        """What each component scores; worked out once per context."""
        known = context.points.get(self.name)
        if known is None:
            known = context.points[self.name] = tuple(component.points(context) for component in self.components)
        return known

    def lines(self, context: Context) -> tuple[Finding, ...]:
        """One finding per component: points have, the ceiling as need; met when it scores anything at all."""
        pairs = zip(self.components, self.found(context), strict=True)
        return tuple(_line(self.name, component, points, context) for component, points in pairs)

    def points(self, context: Context) -> dict[str, Fraction]:
        """The points each component is sure of."""
        pairs = zip(self.components, self.found(context), strict=True)
        return {component.name: points.low for component, points in pairs}

    def range(self, context: Context) -> tuple[Fraction, Fraction]:
        """The lowest and the highest total that the known facts allow."""
        points = self.found(context)
        return sum((p.low for p in points), Fraction(0)), sum((p.high for p in points), Fraction(0))

    def people_lines(self, context: Context) -> tuple[Fraction, tuple[Line, ...]]:
        """(points that do not come from people, what people could bring)."""
        lines = [component.line(context) for component in self.components]
        base = [points.low for points, line in zip(self.found(context), lines, strict=True) if line is None]
        return sum(base, Fraction(0)), tuple(line for line in lines if line is not None)


def _line(card: str, component: Component, points: Points, context: Context) -> Finding:
    state = State.MET if points.low > 0 else State.UNMET if points.high == 0 else State.UNKNOWN
    return Finding(
        id=f"{card}-{component.name}",
        label=context.words(component.name).capitalize(),
        kind="points",
        state=state,
        need=component.max,
        have=None if state is State.UNKNOWN else points.low,
        unit="points",
        missing={State.MET: "", State.UNMET: "no points yet", State.UNKNOWN: "not known yet"}[state],
        people=points.people,
        credentials=points.credentials,
        measures=points.measures,
    )
