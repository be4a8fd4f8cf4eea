"""The terms on which a tier is held: how a change of tier is applied, and when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from lms.tiers.engine.nodes import Reader
from lms.tiers.engine.numbers import as_words
from lms.tiers.engine.windows import add_months


class Promotion(StrEnum):
    """A higher tier is held at once; or one tier more with each decision at most; or when a person has confirmed it."""

    IMMEDIATE = "immediate"
    STEPWISE = "stepwise"


class Demotion(StrEnum):
    """What happens when a partner no longer reaches his tier: it goes at once, is kept for a while, or till a review.

    `held` with `grace_days`: so long from the decision that found it, a time to cure. `held` without: until a person
    decides. `anniversary`: until the next anniversary, so evaluations in between may only promote.
    """

    IMMEDIATE = "immediate"
    HELD = "held"
    ANNIVERSARY = "anniversary"


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """How a decision is applied. `grace` None with held: until a person decides. `review_day` (month, day): the same
    anniversary for everybody; without it each partner's own, of the day on which he reached the tier."""

    demotion: Demotion = Demotion.IMMEDIATE
    grace: timedelta | None = None
    promotion: Promotion = Promotion.IMMEDIATE
    review_day: tuple[int, int] | None = None

    def kept_until(self, kept_since: datetime, held_since: datetime | None) -> datetime | None:
        """When a tier that was found to be no longer reached at `kept_since` ends; None: when a person decides."""
        if self.demotion is Demotion.HELD:
            return None if self.grace is None else kept_since + self.grace
        start = held_since or kept_since
        for year in range(kept_since.year, kept_since.year + 2):
            day = self._anniversary(start.date(), year)
            if day > kept_since.date():
                return kept_since.replace(
                    year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
                )
        raise AssertionError("one of two years has the day")

    def _anniversary(self, start: date, year: int) -> date:
        if self.review_day is not None:
            return date(year, *self.review_day)
        return add_months(start, 12 * (year - start.year))


MAX_APPROVALS = 20
FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How many hours of training a programme may ask of a person in a quarter; above it, the reason that is given."""

    hours: Fraction
    reason: str = ""

    @property
    def words(self) -> str:
        return as_words(self.hours, places=1)


def read_budget(reader: Reader, value: Any) -> Budget:
    path = ("training_budget",)
    inner = reader.mapping(
        value, path, required=frozenset({"hours_per_person_and_quarter"}), optional=frozenset({"reason"})
    )
    hours = reader.number(inner.get("hours_per_person_and_quarter"), (*path, "hours_per_person_and_quarter"))
    return Budget(hours=hours, reason=reader.text(inner.get("reason"), (*path, "reason")).strip())


def read_approvals(reader: Reader, value: Any) -> tuple[str, ...]:
    """The functions of the vendor that approve the rules before they are published, in the document's order."""
    names = [reader.text(name, ("approvals", n)) for n, name in enumerate(reader.members(value, ("approvals",)))]
    for number, name in enumerate(names):
        if not FUNCTION_NAME.fullmatch(name):
            reader.problem(("approvals", number), "needs a name of letters, digits, - and _, 50 characters at most")
    if len(set(names)) != len(names) or len(names) > MAX_APPROVALS:
        reader.problem(("approvals",), f"needs {MAX_APPROVALS} functions at most, each once")
    return tuple(names)


def read_lifecycle(reader: Reader, value: Any) -> Lifecycle:
    keys = frozenset({"demotion", "grace_days", "promotion", "review_day"})
    members = reader.mapping(value, ("lifecycle",), optional=keys)
    demotion = _one_of(reader, members, "demotion", Demotion, "needs “immediate”, “held” or “anniversary”")
    promotion = _one_of(reader, members, "promotion", Promotion, "needs “immediate” or “stepwise”")
    grace = None
    if "grace_days" in members:
        grace = timedelta(days=min(reader.count(members["grace_days"], ("lifecycle", "grace_days")), 3650))
        if demotion != "held":
            reader.problem(("lifecycle", "grace_days"), "goes with “demotion: held” only")
    review_day = None
    if "review_day" in members:
        review_day = _review_day(reader, members["review_day"])
        if demotion != "anniversary":
            reader.problem(("lifecycle", "review_day"), "goes with “demotion: anniversary” only")
    return Lifecycle(demotion=Demotion(demotion), grace=grace, promotion=Promotion(promotion), review_day=review_day)


def _one_of(reader: Reader, members: Mapping[str, Any], name: str, allowed: type[StrEnum], message: str) -> str:
    value = reader.text(members.get(name), ("lifecycle", name), default="immediate")
    if value not in {str(one) for one in allowed}:
        reader.problem(("lifecycle", name), message)
        return "immediate"
    return value


def _review_day(reader: Reader, value: Any) -> tuple[int, int] | None:
    """ "02-01": the first of February."""
    text = reader.text(value, ("lifecycle", "review_day"))
    try:
        month, day = (int(part) for part in text.split("-"))
        date(2001, month, day)
    except ValueError:
        reader.problem(("lifecycle", "review_day"), "needs a day of the year such as “02-01”")
        return None
    return month, day
