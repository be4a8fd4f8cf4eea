"""What a completion rate is: counts with their window, freshness and filter, never a bare percentage."""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Generic, TypeVar

Key = TypeVar("Key")
EVERYTHING = "all partners, all courses, all personas"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`numerator` of `denominator` registrations, for the window [since, until).

    `as_of` says how fresh the figure is: when the newest statement that is projected was stored; None when none is.
    `narrowed` says in words what it was narrowed to, such as "Kestrel Networks, all courses, all personas".
    """

    numerator: int
    denominator: int
    since: datetime
    until: datetime
    as_of: datetime | None
    narrowed: str = field(default=EVERYTHING, compare=False)

    @property
    def share(self) -> Fraction | None:
        """The exact rate for decisions; None when nobody was registered, which is neither good nor bad."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def percent(self) -> int | None:
        """For display: whole percent, cut, so that 399 of 400 never reads as 100."""
        return self.numerator * 100 // self.denominator if self.denominator else None


@dataclass(frozen=True, kw_only=True)
class GroupRate(Generic[Key]):
    """The rate of one course, persona or partner, told by `key` (IRI, slug or public id); `name` is shown."""

    key: Key
    name: str
    rate: Rate


def year_before(at: datetime) -> datetime:
    """The same instant of the year before; for 29 February it is 28 February."""
    day = 28 if (at.month, at.day) == (2, 29) else at.day
    return at.replace(year=at.year - 1, day=day)


def month_start(at: datetime, months_back: int) -> datetime:
    """Midnight on the first day of the month `months_back` months before that of `at`."""
    year, month = divmod(at.year * 12 + at.month - 1 - months_back, 12)
    return at.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
