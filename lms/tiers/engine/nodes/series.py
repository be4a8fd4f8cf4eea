"""Numbers made from dated entries: sums, counts and averages of a window, floors of every period."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from lms.tiers.engine.facts import Entry
from lms.tiers.engine.nodes.base import Context
from lms.tiers.engine.nodes.reader import Reader
from lms.tiers.engine.problems import Path
from lms.tiers.engine.windows import UNITS, Window

_AGGREGATES: dict[str, Callable[[Sequence[Fraction]], Fraction | None]] = {
    "sum": lambda values: sum(values, Fraction(0)),
    "count": lambda values: Fraction(len(values)),
    "average": lambda values: sum(values, Fraction(0)) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
}
SERIES_KEYS = frozenset({"window", "in_each", "aggregate", "min_count", "rates"})


def read_window(reader: Reader, value: object, path: Path) -> Window:
    """`{months: 12}`, `{quarters: 4, whole: true}`: one unit of time."""
    inner = reader.mapping(value, path, optional=frozenset({*UNITS, "whole"}))
    units = [unit for unit in UNITS if unit in inner]
    if len(units) != 1:
        reader.problem(path, f"needs exactly one of {', '.join(UNITS)}")
        return Window(1, "days")
    n = reader.count(inner[units[0]], (*path, units[0]))
    if n > 3660:
        reader.problem((*path, units[0]), "is too long")
        n = 1
    return Window(n, units[0], reader.flag(inner.get("whole", False), (*path, "whole")))


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """How a series becomes one number.

    `window`: the entries of a trailing window. `in_each`: the least that any of the last whole periods has.
    `min_count`: with fewer entries the number is not known. `rates`: each entry times the rate in force on its own day.
    """

    window: Window | None = None
    in_each: Window | None = None
    how: str = "sum"
    min_count: int = 0
    rates: str = ""

    @classmethod
    def read(cls, reader: Reader, members: Mapping[str, object], path: Path) -> "Aggregate | None":
        if not SERIES_KEYS & members.keys():
            return None
        if ("window" in members) == ("in_each" in members):
            reader.problem(path, "needs either “window” or “in_each”")
        how = reader.text(members.get("aggregate"), (*path, "aggregate"), default="sum")
        if how not in _AGGREGATES:
            reader.problem((*path, "aggregate"), f"needs one of {', '.join(sorted(_AGGREGATES))}")
            how = "sum"
        rates = reader.text(members.get("rates"), (*path, "rates"))
        if rates:
            reader.use("rates", rates, (*path, "rates"))
        return cls(
            window=read_window(reader, members["window"], (*path, "window")) if "window" in members else None,
            in_each=read_window(reader, members["in_each"], (*path, "in_each")) if "in_each" in members else None,
            how=how,
            min_count=reader.count(members["min_count"], (*path, "min_count")) if "min_count" in members else 0,
            rates=rates,
        )

    def of(self, name: str, context: Context) -> Fraction | None:
        """The number; a plain measure of that name is taken as worked out already. None when not known.

        Of an imported series a window or a period without an entry is not known.
        """
        entries = context.entries(name)
        if entries is None:
            return context.measure(name)
        if self.in_each is not None and all(entry.on is None for entry in entries):
            values = [entry.value for entry in entries[-self.in_each.n :]]
            return min(values) if len(values) == self.in_each.n else None
        if any(entry.on is None for entry in entries) and self.window is not None:
            return None
        least = max(self.min_count, int(name in context.facts.imported))
        found = [self._number(inside, least, context) for inside in self._inside(entries, context)]
        known = [value for value in found if value is not None]
        return min(known) if len(known) == len(found) else None

    def counted(self, name: str, context: Context) -> tuple[Entry, ...]:
        """The dated entries that the number is made of."""
        return tuple(entry for inside in self._inside(context.entries(name) or (), context) for entry in inside)

    def _inside(self, entries: tuple[Entry, ...], context: Context) -> list[list[Entry]]:
        """The entries of the window, or those of each period."""
        if self.in_each is not None:
            spans = list(self.in_each.periods(context.on))
        else:
            assert self.window is not None  # noqa: S101  one of the two is there
            spans = [(self.window.first_day(context.on), context.on)]
        return [
            [entry for entry in entries if entry.on is not None and first <= entry.on <= last] for first, last in spans
        ]

    def _number(self, inside: list[Entry], least: int, context: Context) -> Fraction | None:
        values = [entry.value * self._rate(entry.on, context) for entry in inside if entry.on is not None]
        return None if len(values) < least else _AGGREGATES[self.how](values)

    def _rate(self, on: date, context: Context) -> Fraction:
        rates = context.rates.get(self.rates, ())
        return max(((start, rate) for start, rate in rates if start <= on), default=(on, Fraction(1)))[1]
