"""Rules of engagement: a document of clauses that decides or routes. Pure: a document and facts in, a ruling out.

The seven scenarios that every set of rules must have an answer to are those of co-operation agreements between
vendors and partners (requirements R118 to R124). The format is described in docs/deals.md.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from lms.deals.errors import RulesRefused
from lms.deals.money import MINOR_UNITS
from lms.deals.moves import RejectReason

Text = Annotated[str, Meta(min_length=1, max_length=600)]
Short = Annotated[str, Meta(min_length=1, max_length=120)]
Slug = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,49}$")]
Days = Annotated[int, Meta(ge=1, le=730)]
Hours = Annotated[int, Meta(ge=1, le=2000)]


class Scenario(StrEnum):
    """What happened between applicant and the other."""

    APPLICANT_FIRST = "applicant_first"
    OTHER_FIRST = "other_first"
    INDEPENDENT = "independent"
    CUSTOMER_CALLED = "customer_called"
    EXISTING_ACCOUNT = "existing_account"
    LOST_CUSTOMER = "lost_customer"
    DISENGAGE = "disengage"
    UNFORESEEN = "unforeseen"


class Outcome(StrEnum):
    """`clear`: nothing stands against it, a person judges the opportunity. `reject`: refused at once. `route`: to the
    conflict review of a level. `release`: the other leaves the account, and then as `clear`."""

    CLEAR = "clear"
    REJECT = "reject"
    ROUTE = "route"
    RELEASE = "release"


class Other(StrEnum):
    """Who else is concerned with the customer."""

    NONE = "none"
    VENDOR = "vendor"
    PARTNER = "partner"


class Relation(StrEnum):
    """What the other has: an open lead or registration, a customer, or one that was lost."""

    NONE = "none"
    LEAD = "lead"
    ACCOUNT = "account"
    LOST = "lost"


class First(StrEnum):
    APPLICANT = "applicant"
    OTHER = "other"
    SAME = "same"


class When(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that are given must hold. `idle_days`: the other did nothing for so long; `lost_days`: lost so long ago."""

    other: Other | None = None
    relation: Relation | None = None
    first: First | None = None
    customer_called: bool | None = None
    own_account: bool | None = None
    idle_days: Days | None = None
    lost_days: Days | None = None


class Clause(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One row of the table: `when` it applies, what follows, and the words partners read."""

    id: Annotated[str, Meta(pattern=r"^\d{1,2}\.\d{1,2}$")]
    scenario: Scenario
    title: Short
    text: Text
    outcome: Outcome
    when: When = When()
    reason: RejectReason | None = None
    level: Annotated[int, Meta(ge=1, le=9)] = 1


class Level(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who decides, and in how many hours; then it goes one level up."""

    who: Short
    group: Short
    hours: Hours


class Product(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: Slug
    name: Short


class Certified(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """So many people of the partner hold one of these certifications (slugs)."""

    any_of: Annotated[tuple[Slug, ...], Meta(min_length=1)]
    people: Annotated[int, Meta(ge=1, le=50)] = 1


class Rules(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a version of the rules says. Never changed once published."""

    name: Short
    contact: Short
    benefit: Text
    clauses: Annotated[tuple[Clause, ...], Meta(min_length=1)]
    escalation: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=9)]
    products: Annotated[tuple[Product, ...], Meta(min_length=1)]
    currencies: Annotated[tuple[str, ...], Meta(min_length=1)]
    answer_hours: Hours = 48
    info_days: Days = 14
    protection_days: Days = 90
    extension_days: Days = 30
    reminder_days: tuple[Days, ...] = (30, 14, 7)
    same_hours: Hours = 24
    accept_within_days: Days = 30
    max_open: Annotated[int, Meta(ge=1, le=10_000)] = 50
    approve_up_to: dict[str, Decimal] = {}
    requires_certified: Certified | None = None
    requires_benefit: Slug | None = None

    def clause(self, id_: str) -> Clause | None:
        return next((clause for clause in self.clauses if clause.id == id_), None)

    def level(self, number: int) -> Level:
        """The level of this number; the last one for all above it."""
        return self.escalation[min(max(number, 1), len(self.escalation)) - 1]

    def product_name(self, id_: str) -> str:
        return next((product.name for product in self.products if product.id == id_), id_)


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of applicant and one other. Days are whole; None where it does not apply."""

    other: Other = Other.NONE
    relation: Relation = Relation.NONE
    first: First = First.APPLICANT
    customer_called: bool = False
    own_account: bool = False
    idle_days: int | None = None
    lost_days: int | None = None

    def meet(self, when: When) -> bool:
        exact = all(
            wanted is None or wanted == getattr(self, name)
            for name in ("other", "relation", "first", "customer_called", "own_account")
            for wanted in [getattr(when, name)]
        )
        return exact and _reached(self.idle_days, when.idle_days) and _reached(self.lost_days, when.lost_days)


def _reached(have: int | None, need: int | None) -> bool:
    return need is None or (have is not None and have >= need)


# The strictest of several answers counts: a customer two others are concerned with is as free as the less free one.
_STRICTNESS = (Outcome.REJECT, Outcome.ROUTE, Outcome.RELEASE, Outcome.CLEAR)


def rule(rules: Rules, facts: Iterable[Facts]) -> Clause:
    """The clause that applies. For each other the first clause that fits; of these the strictest, the first of equals.

    Without anybody else the facts of nobody are judged. Always finds one: the last clause of a document fits all.
    """
    found = [next(clause for clause in rules.clauses if one.meet(clause.when)) for one in facts]
    found = found or [next(clause for clause in rules.clauses if Facts().meet(clause.when))]
    return min(found, key=lambda clause: _STRICTNESS.index(clause.outcome))


def parse(document: Any) -> Rules:
    """The rules of a document. Raises RulesRefused, saying where and what is wrong."""
    try:
        rules = msgspec.convert(document, Rules, strict=False)
    except msgspec.ValidationError as error:
        raise RulesRefused(f"These are no rules of engagement: {error}.") from error
    problems = list(_problems(rules))
    if problems:
        raise RulesRefused(" ".join(problems))
    return rules


def _problems(rules: Rules) -> Iterable[str]:
    ids = [clause.id for clause in rules.clauses]
    yield from (f"Clause {one} stands twice." for one in sorted({one for one in ids if ids.count(one) > 1}))
    missing = set(Scenario) - {clause.scenario for clause in rules.clauses}
    yield from (f"No clause answers the scenario {one}." for one in sorted(missing))
    if rules.clauses[-1].when != When() or rules.clauses[-1].outcome != Outcome.ROUTE:
        yield "The last clause must route every other case: give it no “when”."
    for clause in rules.clauses:
        if (clause.outcome == Outcome.REJECT) != (clause.reason is not None):
            yield f"Clause {clause.id}: a reason stands with “reject” and nowhere else."
        if clause.level > len(rules.escalation):
            yield f"Clause {clause.id}: there is no level {clause.level}."
    strange = sorted({*rules.currencies, *rules.approve_up_to} - set(MINOR_UNITS))
    yield from (f"{currency} is no currency known here." for currency in strange)


def last_protected_day(start: date, days: int) -> date:
    """A deal approved on a day is protected through this one, to its last second in UTC, for everybody alike."""
    return start + timedelta(days=days)
