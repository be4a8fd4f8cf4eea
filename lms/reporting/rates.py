"""What a completion rate is: counts with their window and freshness, never a bare percentage."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Generic, TypeVar

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`numerator` of `denominator` registrations, for the window [since, until).

    `as_of` says how fresh the figure is: when the newest statement that is projected was stored; None when none is.
    """

    numerator: int
    denominator: int
    since: datetime
    until: datetime
    as_of: datetime | None

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
