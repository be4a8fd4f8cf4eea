"""Rules of engagement: a document of clauses that decides or routes. Pure: a document and facts in, a ruling out.

The seven scenarios that every set of rules must have an answer to are those of co-operation agreements between
vendors and partners (requirements R118 to R124). The format is described in docs/deals.md.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from lms.common.documents import DocumentError, Path, Problem, read_yaml
from lms.deals import advice
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
    neutral_credit: Text | None = None

    def clause(self, id_: str) -> Clause | None:
        return next((clause for clause in self.clauses if clause.id == id_), None)

    def level(self, number: int) -> Level:
        """The level of this number; the last one for all above it."""
        return self.escalation[min(max(number, 1), len(self.escalation)) - 1]

    def product_name(self, id_: str) -> str:
        return next((product.name for product in self.products if product.id == id_), id_)


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of applicant and one other. Days are whole; None where it does not apply.

    `seconds_after`: how long after the other the applicant came, below zero when he came before; None where a person
    said who was first, or nobody can be. With it facts that were written down are judged by other rules: `under`.
    """

    other: Other = Other.NONE
    relation: Relation = Relation.NONE
    first: First = First.APPLICANT
    customer_called: bool = False
    own_account: bool = False
    idle_days: int | None = None
    lost_days: int | None = None
    seconds_after: float | None = None

    def under(self, rules: Rules) -> "Facts":
        """The same, where who was first is told by the hours of these rules."""
        if self.seconds_after is None:
            return self
        return msgspec.structs.replace(self, first=who_was_first(self.seconds_after, rules))

    def meet(self, when: When) -> bool:
        exact = all(
            wanted is None or wanted == getattr(self, name)
            for name in ("other", "relation", "first", "customer_called", "own_account")
            for wanted in [getattr(when, name)]
        )
        return exact and _reached(self.idle_days, when.idle_days) and _reached(self.lost_days, when.lost_days)


def who_was_first(seconds_after: float, rules: Rules) -> First:
    """Within the hours the rules give, nobody can tell."""
    if abs(seconds_after) <= rules.same_hours * 3600:
        return First.SAME
    return First.OTHER if seconds_after > 0 else First.APPLICANT


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


_NAMES = sorted({name for kind in (Rules, Clause, When, Level, Product, Certified) for name in kind.__struct_fields__})
_WORDS: dict[str, list[str]] = {
    "scenario": list(Scenario),
    "outcome": list(Outcome),
    "reason": RejectReason.values,
    "other": list(Other),
    "relation": list(Relation),
    "first": list(First),
}


def read(text: str) -> Any:
    """The document of a YAML text that may be published. Raises RulesRefused with all that is wrong, each with its
    line and what to do.
    """
    try:
        source = read_yaml(text)
        parse(source.document, line_of=source.line_of)
    except DocumentError as error:
        raise RulesRefused(error.problems) from error
    return msgspec.to_builtins(source.document)  # amounts as text: JSON would make floats of them


def parse(document: Any, *, line_of: Callable[[Path], int | None] | None = None) -> Rules:
    """The rules of a document. Raises RulesRefused, saying where and what is wrong, and what to do."""
    try:
        rules = msgspec.convert(document, Rules, strict=False)
    except msgspec.ValidationError as error:
        path, words = advice.of_shape(str(error), names=_NAMES, words=_WORDS)
        raise RulesRefused([Problem(path, words, line_of and line_of(path))]) from error
    problems = [Problem(path, words, line_of and line_of(path)) for path, words in _problems(rules)]
    if problems:
        raise RulesRefused(problems)
    return rules


def _problems(rules: Rules) -> Iterable[tuple[Path, str]]:
    ids = [clause.id for clause in rules.clauses]
    for place, clause in enumerate(rules.clauses):
        path: Path = ("clauses", place)
        if clause.id in ids[:place]:
            yield (*path, "id"), f"Clause {clause.id} stands twice. Give one of them another number."
        if (clause.outcome == Outcome.REJECT) != (clause.reason is not None):
            yield path, f"Clause {clause.id}: a reason stands with “reject” and nowhere else. Add it, or take it away."
        if clause.level > len(rules.escalation):
            words = f"Clause {clause.id}: there is no level {clause.level}. Add it under “escalation”, or name another."
            yield (*path, "level"), words
    missing = sorted(set(Scenario) - {clause.scenario for clause in rules.clauses})
    yield from ((("clauses",), f"No clause answers the scenario {one}. Add one that does.") for one in missing)
    if rules.clauses[-1].when != When() or rules.clauses[-1].outcome != Outcome.ROUTE:
        words = "The last clause must route every other case: give it no “when” and the outcome “route”."
        yield ("clauses", len(ids) - 1), words
    places: list[tuple[Path, str]] = [(("currencies", place), code) for place, code in enumerate(rules.currencies)]
    places += [(("approve_up_to", code), code) for code in rules.approve_up_to]
    for path, code in places:
        if code not in MINOR_UNITS:
            yield path, f"{code} is no currency known here. Write an ISO 4217 code such as EUR."


def last_protected_day(start: date, days: int) -> date:
    """A deal approved on a day is protected through this one, to its last second in UTC, for everybody alike."""
    return start + timedelta(days=days)
