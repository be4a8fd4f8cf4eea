"""What open deals should bring, by the month they should close in: in full, and weighted by their stage. Reads only."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from lms.deals.models import Deal
from lms.deals.money import rounded, shown
from lms.deals.moves import OPEN, State
from lms.deals.services.weights import Weights
from lms.deals.stages import PROTECTED, STAGE_OF


@dataclass(frozen=True, kw_only=True)
class Expected:
    """So many open deals of one currency: their full value, that of the approved ones, and the weighted value."""

    currency: str
    count: int
    value: Decimal
    approved: Decimal
    weighted: Decimal

    @property
    def amount(self) -> str:
        return shown(self.value, self.currency)

    @property
    def approved_amount(self) -> str:
        return shown(self.approved, self.currency)

    @property
    def weighted_amount(self) -> str:
        return shown(self.weighted, self.currency)


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one partner's open deals of one month and currency come to. The smallest unit: amounts are rounded here, to
    the currency's digits and half to even, and all that is shown are sums of lines; so they agree.
    """

    partner: str
    partner_slug: str
    month: date
    is_overdue: bool
    expected: Expected


@dataclass(frozen=True, kw_only=True)
class Group:
    """Sums per currency of a month or a partner. `name` and `slug` are the partner's, `month` the month's."""

    sums: tuple[Expected, ...]
    month: date | None = None
    name: str = ""
    slug: str = ""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Deals whose month is over stand apart, in `overdue`: they are in no other sum."""

    lines: tuple[Line, ...]

    @property
    def months(self) -> tuple[Group, ...]:
        return _by_month(line for line in self.lines if not line.is_overdue)

    @property
    def overdue(self) -> tuple[Group, ...]:
        return _by_month(line for line in self.lines if line.is_overdue)

    @property
    def totals(self) -> tuple[Expected, ...]:
        return _sums(line.expected for line in self.lines if not line.is_overdue)

    @property
    def partners(self) -> tuple[Group, ...]:
        """By name."""
        found: dict[tuple[str, str], list[Expected]] = defaultdict(list)
        for line in self.lines:
            if not line.is_overdue:
                found[line.partner, line.partner_slug].append(line.expected)
        return tuple(Group(name=name, slug=slug, sums=_sums(found[name, slug])) for name, slug in sorted(found))


def _by_month(lines: Iterable[Line]) -> tuple[Group, ...]:
    found: dict[date, list[Expected]] = defaultdict(list)
    for line in lines:
        found[line.month].append(line.expected)
    return tuple(Group(month=month, sums=_sums(found[month])) for month in sorted(found))


def _sums(rows: Iterable[Expected]) -> tuple[Expected, ...]:
    """Per currency, never across: the currency with the most deals first."""
    found: dict[str, list[Expected]] = defaultdict(list)
    for row in rows:
        found[row.currency].append(row)
    sums = (
        Expected(
            currency=currency,
            count=sum(row.count for row in some),
            value=sum((row.value for row in some), Decimal(0)),
            approved=sum((row.approved for row in some), Decimal(0)),
            weighted=sum((row.weighted for row in some), Decimal(0)),
        )
        for currency, some in found.items()
    )
    return tuple(sorted(sums, key=lambda one: (-one.count, one.currency)))


def forecast(deals: QuerySet[Deal], *, weights: Weights, at: datetime) -> Forecast:
    """The open ones of these deals. Each state's value counts with the weight of its stage; nothing is converted.

    A month is overdue once it is over in UTC. One query.
    """
    this_month = at.astimezone(UTC).date().replace(day=1)
    of_line = ("partner__name", "partner__slug", "close_month", "currency")
    rows = deals.filter(state__in=sorted(OPEN)).order_by().values(*of_line, "state")
    found: dict[tuple[str, str, date, str], list[tuple[State, int, Decimal]]] = defaultdict(list)
    for row in rows.annotate(count=Count("pk"), total=Sum("value")):
        key = (row["partner__name"], row["partner__slug"], row["close_month"], row["currency"])
        found[key].append((State(row["state"]), row["count"], row["total"]))
    return Forecast(
        lines=tuple(
            Line(
                partner=name,
                partner_slug=slug,
                month=month,
                is_overdue=month < this_month,
                expected=_expected(currency, found[name, slug, month, currency], weights),
            )
            for name, slug, month, currency in sorted(found)
        )
    )


def _expected(currency: str, states: Iterable[tuple[State, int, Decimal]], weights: Weights) -> Expected:
    count, value, approved, weighted = 0, Decimal(0), Decimal(0), Decimal(0)
    for state, number, total in states:
        count, value = count + number, value + total
        approved += total if state in PROTECTED.states else 0
        weighted += total * weights.by_stage[STAGE_OF[state].key] / 100
    return Expected(
        currency=currency,
        count=count,
        value=rounded(value, currency),
        approved=rounded(approved, currency),
        weighted=rounded(weighted, currency),
    )
