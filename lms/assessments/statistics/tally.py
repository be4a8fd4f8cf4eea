"""One scored attempt as what it adds to the sums."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from lms.assessments.statistics.sums import (
    OMITTED,
    PARTLY,
    RIGHT,
    SHARE,
    WRONG,
    Answered,
    ExamSums,
    ItemSums,
    log_of,
    share,
)

SINGLE = {"choice", "true_false", "hotspot"}  # an answer is one option
SEVERAL = {"choices", "hotspots"}  # an answer is a list of options
SHORTEST, LONGEST = 1.0, 3600.0  # nobody answers within a second, nor is at work on one item for an hour


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """One scored answer: to which item (any key), of which type, what was answered, and when it was saved last."""

    item: int
    type: str
    answer: Any
    points: Decimal
    max_points: Decimal
    is_pilot: bool = False
    saved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sitting:
    """One scored attempt. `breaks` are the moments in which the candidate stopped the clock."""

    started_at: datetime | None
    is_passed: bool
    answers: Sequence[Scored]
    breaks: Sequence[datetime] = ()


def chosen(type_: str, answer: Any, points: Decimal, max_points: Decimal) -> tuple[str, ...]:
    """What counts in the distractor table: options, or how right the answer was where there are none to choose."""
    if answer is None:
        return (OMITTED,)
    if type_ in SINGLE and isinstance(answer, str):
        return (answer,)
    if type_ in SEVERAL and isinstance(answer, list):
        return tuple(answer) or (OMITTED,)
    return (RIGHT if points == max_points else PARTLY if points else WRONG,)


def seconds_on_items(
    started_at: datetime | None, answers: Iterable[Scored], breaks: Sequence[datetime] = ()
) -> dict[int, float]:
    """How long each item took: from the last save before (or the start) to its own last save. An estimate: who comes
    back to an item is counted there with the way back. Left out are times beyond an hour, those below a second
    (answers that waited for a connection and came together), and those in which a break began."""
    found: dict[int, float] = {}
    before = started_at
    for one in sorted((one for one in answers if one.saved_at), key=lambda one: (one.saved_at, one.item)):
        if before is not None and one.saved_at is not None:
            seconds = (one.saved_at - before).total_seconds()
            had_break = any(before <= moment < one.saved_at for moment in breaks)
            if SHORTEST <= seconds <= LONGEST and not had_break:
                found[one.item] = seconds
        before = one.saved_at
    return found


def contributions(sitting: Sitting) -> tuple[int, int, int, Iterator[tuple[Scored, Answered]]]:
    """The attempt's share of the points, its whole percent, its number of scored items, and what each answer adds."""
    counted = [one for one in sitting.answers if not one.is_pilot]
    earned = sum((one.points for one in counted), Decimal(0))
    possible = sum((one.max_points for one in counted), Decimal(0))
    percent = int(earned * 100 / possible) if possible else 0
    times = seconds_on_items(sitting.started_at, sitting.answers, sitting.breaks)

    def each() -> Iterator[tuple[Scored, Answered]]:
        for one in sitting.answers:
            others, all_others = (
                (earned, possible) if one.is_pilot else (earned - one.points, possible - one.max_points)
            )
            seconds = times.get(one.item)
            yield (
                one,
                Answered(
                    points=share(one.points, one.max_points),
                    rest=share(others, all_others),
                    weight=0 if one.is_pilot else share(one.max_points, possible),
                    percent=percent,
                    chosen=chosen(one.type, one.answer, one.points, one.max_points),
                    log_seconds=None if seconds is None else log_of(seconds),
                ),
            )

    return share(earned, possible), percent, len(counted), each()


@dataclass
class Tally:
    """Sums of one exam by item, grown attempt by attempt."""

    exam: ExamSums = field(default_factory=lambda: ExamSums(by_percent={}))
    items: dict[int, ItemSums] = field(default_factory=dict)

    def add(self, sitting: Sitting, sign: int = 1) -> None:
        """Counts an attempt, or with sign -1 takes away what it counted."""
        total, percent, number, answers = contributions(sitting)
        self.exam.add(total, percent, number, is_passed=sitting.is_passed, sign=sign)
        for one, answered in answers:
            if one.item not in self.items:
                self.items[one.item] = ItemSums(by_percent={}, options={})
            self.items[one.item].add(answered, sign)


__all__ = ["SHARE", "Scored", "Sitting", "Tally", "chosen", "contributions", "seconds_on_items"]
