"""What usage figures are: sums with their period, freshness and filter, and the engagement index with its formula."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What people did from `start` up to, but without, `end`. `people` counts each once, of each partner."""

    start: date
    end: date
    people: int
    person_days: int
    visits: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class ContentUse:
    """How one thing in one version was used by one persona over some months. `people`: the most in one of them."""

    activity_key: UUID
    name: str
    kind: str
    version: str
    persona: str
    people: int
    visits: int
    minutes: int


@dataclass(frozen=True, kw_only=True)
class PersonUse:
    """One person's visits and active minutes, and his last active day."""

    public_id: UUID
    name: str
    visits: int
    minutes: int
    last_day: date


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the engagement index: a share with its weight in percent; None: not known."""

    label: str
    weight: int
    numerator: int
    denominator: int

    @property
    def share(self) -> Fraction | None:
        return min(Fraction(self.numerator, self.denominator), Fraction(1)) if self.denominator else None


ACTIVE_DAYS = 4

FORMULA = (
    "Engagement, from 0 to 100, of one calendar month: 40 × reach (people active in the month ÷ people who belonged to "
    f"the partner on its last day) + 30 × rhythm (active days ÷ {ACTIVE_DAYS} per active person, at most 1) + 30 × "
    "training completion (of the twelve months to the end of the month). A part that is not known is left out, and the "
    "others carry its weight."
)


@dataclass(frozen=True, kw_only=True)
class Engagement:
    """The index of a partner in a month with the parts it is made of, so that anybody can do the sum."""

    month: date
    parts: tuple[Part, ...]
    as_of: datetime | None

    @property
    def exact(self) -> Fraction | None:
        """None when nobody belonged to the partner: there was nobody to be engaged."""
        if self.parts[0].share is None:
            return None
        known = [(part.weight, part.share) for part in self.parts if part.share is not None]
        return 100 * sum((weight * share for weight, share in known), Fraction(0)) / sum(weight for weight, _ in known)

    @property
    def index(self) -> int | None:
        """For display, cut to a whole number."""
        return None if self.exact is None else int(self.exact)

    @property
    def calculation(self) -> str:
        """ "40 × 12/20 + 30 × 30/48 + 30 × 3/4", or which parts are not known."""
        words = []
        for part in self.parts:
            share = "not known" if part.share is None else f"{part.numerator}/{part.denominator}"
            words.append(f"{part.weight} × {part.label} {share}")
        return " + ".join(words)


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Those who registered in one month, and how many of them had completed within so many days of registering.

    None where not all of them have had that many days yet.
    """

    month: date
    registered: int
    within: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One lesson on the way through a course, and how many of those registered completed it."""

    name: str
    reached: int
    lost: int


@dataclass(frozen=True, kw_only=True)
class DropOff:
    """Where people stop in a course: registered, each lesson in its order, completed. `worst` loses the most people."""

    registered: int
    completed: int
    steps: tuple[Step, ...]
    since: datetime
    until: datetime
    as_of: datetime | None

    @property
    def worst(self) -> Step | None:
        return max(self.steps, key=lambda step: step.lost, default=None)
