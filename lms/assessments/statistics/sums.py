"""Sums over answers, from which every figure of an item or an exam is made without reading the answers again.

All members are whole numbers: adding and taking away are exact, so sums that grew attempt by attempt are equal to sums
made in one go, in whatever order. Shares are kept in hundred-millionths, times by their logarithm in millionths.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

SHARE = 10**8
LOG = 10**6
OMITTED = "-"
RIGHT, PARTLY, WRONG = "+right", "+partly", "+wrong"


def share(part: Decimal, whole: Decimal) -> int:
    """`part` of `whole` in hundred-millionths, rounded half up; nought of nought."""
    return int((part * SHARE / whole).to_integral_value(ROUND_HALF_UP)) if whole else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What one answer adds. `rest` is the share of the points of all other scored items, `weight` the item's part of
    the exam's points (nought on trial), `percent` the attempt's whole percent, `chosen` option ids or a marker,
    `log_seconds` the logarithm of the time on the item in millionths; None when it is not known."""

    points: int
    rest: int
    weight: int
    percent: int
    chosen: tuple[str, ...]
    log_seconds: int | None = None


class ItemSums(msgspec.Struct, kw_only=True):
    """Over all answers to one item version: counts, sums, sums of squares and products; `by_percent` holds how many
    had a percent and their points, `options` how many of them chose what."""

    n: int = 0
    omitted: int = 0
    x: int = 0
    xx: int = 0
    r: int = 0
    rr: int = 0
    xr: int = 0
    w: int = 0
    timed: int = 0
    log: int = 0
    log_log: int = 0
    by_percent: dict[int, tuple[int, int]] = {}
    options: dict[str, dict[int, int]] = {}

    def add(self, one: Answered, sign: int = 1) -> None:
        """Counts an answer, or takes it away again with sign -1."""
        self.n += sign
        self.omitted += sign * (one.chosen == (OMITTED,))
        self.x += sign * one.points
        self.xx += sign * one.points**2
        self.r += sign * one.rest
        self.rr += sign * one.rest**2
        self.xr += sign * one.points * one.rest
        self.w += sign * one.weight
        if one.log_seconds is not None:
            self.timed += sign
            self.log += sign * one.log_seconds
            self.log_log += sign * one.log_seconds**2
        count, points = self.by_percent.get(one.percent, (0, 0))
        _put(self.by_percent, one.percent, (count + sign, points + sign * one.points))
        for option in one.chosen:
            self._choose(option, one.percent, sign)

    def _choose(self, option: str, percent: int, count: int) -> None:
        found = self.options.setdefault(option, {})
        _put(found, percent, found.get(percent, 0) + count)
        if not found:
            del self.options[option]

    def merge(self, other: "ItemSums") -> None:
        """Adds what others counted: another month, another exam."""
        for name in _PLAIN:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for percent, (count, points) in other.by_percent.items():
            here = self.by_percent.get(percent, (0, 0))
            _put(self.by_percent, percent, (here[0] + count, here[1] + points))
        for option, counts in other.options.items():
            for percent, count in counts.items():
                self._choose(option, percent, count)

    def as_json(self) -> dict[str, Any]:
        """As it is stored: JSON has only texts as keys, and whole numbers of any size."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "by_percent": {str(percent): list(both) for percent, both in sorted(self.by_percent.items())},
            "options": {
                option: {str(percent): count for percent, count in sorted(counts.items())}
                for option, counts in sorted(self.options.items())
            },
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "ItemSums":
        return cls(
            **{name: stored[name] for name in _PLAIN},
            by_percent={int(percent): (both[0], both[1]) for percent, both in stored["by_percent"].items()},
            options={
                option: {int(percent): count for percent, count in counts.items()}
                for option, counts in stored["options"].items()
            },
        )


_PLAIN = ("n", "omitted", "x", "xx", "r", "rr", "xr", "w", "timed", "log", "log_log")


_OF_EXAMS = ("n", "passed", "t", "tt", "items")


class ExamSums(msgspec.Struct, kw_only=True):
    """Over all scored attempts of one form: how many, how many passed, their shares of the points, the distribution."""

    n: int = 0
    passed: int = 0
    t: int = 0
    tt: int = 0
    items: int = 0
    by_percent: dict[int, int] = {}

    def add(self, total: int, percent: int, items: int, *, is_passed: bool, sign: int = 1) -> None:
        """Counts an attempt with `total` hundred-millionths of the points and so many scored items."""
        self.n += sign
        self.passed += sign * is_passed
        self.t += sign * total
        self.tt += sign * total**2
        self.items += sign * items
        _put(self.by_percent, percent, self.by_percent.get(percent, 0) + sign)

    def merge(self, other: "ExamSums") -> None:
        for name in _OF_EXAMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for percent, count in other.by_percent.items():
            _put(self.by_percent, percent, self.by_percent.get(percent, 0) + count)

    def as_json(self) -> dict[str, Any]:
        counts = {str(percent): count for percent, count in sorted(self.by_percent.items())}
        return {**{name: getattr(self, name) for name in _OF_EXAMS}, "by_percent": counts}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "ExamSums":
        counts = {int(percent): count for percent, count in stored["by_percent"].items()}
        return cls(**{name: stored[name] for name in _OF_EXAMS}, by_percent=counts)


def _put(counts: dict[int, Any], percent: int, value: Any) -> None:
    """Stores a count, or forgets it at nought: sums that say the same are equal."""
    if value in (0, (0, 0)):
        counts.pop(percent, None)
    else:
        counts[percent] = value


def merged(several: Iterable[ItemSums]) -> ItemSums:
    """One sum of several, which stay as they are."""
    total = ItemSums(by_percent={}, options={})
    for one in several:
        total.merge(one)
    return total


def merged_exams(several: Iterable[ExamSums]) -> ExamSums:
    total = ExamSums(by_percent={})
    for one in several:
        total.merge(one)
    return total


def log_of(seconds: float) -> int:
    """The natural logarithm of a time in millionths; a time below a second counts as one."""
    return round(math.log(max(seconds, 1.0)) * LOG)
