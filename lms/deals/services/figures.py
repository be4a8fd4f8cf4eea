"""Figures about deals: how fast the vendor answers, what is in the pipeline, what counts. Reads only."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from lms.common.keeping import kept
from lms.deals.models import Deal
from lms.deals.models.deals import NOT_ELIGIBLE
from lms.deals.money import shown
from lms.deals.moves import State
from lms.deals.stages import STAGE_OF, STAGES
from lms.partners.models import Partner

MEASURED_DAYS = 180
MOST_MEASURED = 2000
FEWEST_MEASURED = 3
KEPT_SECONDS = 300


def median_answer(*, at: datetime) -> timedelta | None:
    """The median time from registration to a person's first answer, of those answered in the last 180 days. None for
    fewer than three: a median of one tells about that one.
    """
    answered = Deal.objects.filter(answered_at__gt=at - timedelta(days=MEASURED_DAYS), answered_at__lte=at)
    pairs = answered.order_by("-answered_at").values_list("registered_at", "answered_at")[:MOST_MEASURED]
    return _median([end - start for start, end in pairs if end is not None])


def recent_median_answer(*, at: datetime) -> timedelta | None:
    """`median_answer` as of the last five minutes: it stands on every page of a deal."""
    return kept("deals.median_answer", KEPT_SECONDS, lambda: (median_answer(at=at),))[0]


def median_cycle(*, at: datetime) -> timedelta | None:
    """The median time from registration to won, of the last two years: what a protection window should be sized by
    (conventions want it at 75% of the sales cycle or more)."""
    won = Deal.objects.filter(state=State.WON, state_since__gt=at - timedelta(days=730), state_since__lte=at)
    pairs = won.order_by("-state_since").values_list("registered_at", "state_since")[:MOST_MEASURED]
    return _median([end - start for start, end in pairs])


def _median(spans: list[timedelta]) -> timedelta | None:
    if len(spans) < FEWEST_MEASURED:
        return None
    return timedelta(seconds=statistics.median(span.total_seconds() for span in spans))


@dataclass(frozen=True, kw_only=True)
class Total:
    """So many deals of one currency, and what they come to, to the cent."""

    currency: str
    count: int
    value: Decimal

    @property
    def amount(self) -> str:
        return shown(self.value, self.currency)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A column of the board. Sums are per currency: nothing is converted."""

    key: str
    label: str
    states: tuple[State, ...]
    sums: tuple[Total, ...]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.sums)


def board(deals: QuerySet[Deal]) -> tuple[Stage, ...]:
    """The pipeline by stage and currency. One query."""
    rows = deals.order_by().values("state", "currency").annotate(count=Count("pk"), value=Sum("value"))
    by_stage: dict[str, dict[str, tuple[int, Decimal]]] = defaultdict(dict)
    for row in rows:
        stage, currency = by_stage[STAGE_OF[State(row["state"])].key], row["currency"]
        count, value = stage.get(currency, (0, Decimal(0)))
        stage[currency] = (count + row["count"], value + row["value"])
    return tuple(
        Stage(key=kind.key, label=kind.label, states=kind.states, sums=_sums(by_stage[kind.key])) for kind in STAGES
    )


def _sums(by_currency: dict[str, tuple[int, Decimal]]) -> tuple[Total, ...]:
    found = (Total(currency=name, count=count, value=value) for name, (count, value) in by_currency.items())
    return tuple(sorted(found, key=lambda one: (-one.count, one.currency)))


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a partner's approved deals come to in a period: what tiers and commission may count (R126)."""

    partner_id: int
    registered: int
    approved: int
    won: int
    won_value: dict[str, Decimal]


def counted_deals(*, partners: Iterable[Partner], since: datetime, until: datetime) -> dict[int, Counted]:
    """Per partner: deals registered and approved in the period, and of the approved ones those won in it with their
    value per currency. Rejected, withdrawn and disputed ones never count. Three queries, whatever the number of
    partners.
    """
    ids = [partner.pk for partner in partners]
    of_partners = Deal.objects.filter(partner__in=ids)
    kept = of_partners.exclude(state__in=NOT_ELIGIBLE)
    registered = _counts(kept.filter(registered_at__gte=since, registered_at__lt=until))
    approved = _counts(_approved(of_partners, since, until))
    won: dict[int, int] = defaultdict(int)
    values: dict[int, dict[str, Decimal]] = defaultdict(dict)
    rows = _won(of_partners, since, until)
    totals = rows.order_by().values("partner", "currency").annotate(count=Count("pk"), value=Sum("value"))
    for row in totals:
        won[row["partner"]] += row["count"]
        values[row["partner"]][row["currency"]] = row["value"]
    return {
        pk: Counted(
            partner_id=pk,
            registered=registered.get(pk, 0),
            approved=approved.get(pk, 0),
            won=won[pk],
            won_value=values[pk],
        )
        for pk in ids
    }


def _approved(deals: QuerySet[Deal], since: datetime, until: datetime) -> QuerySet[Deal]:
    return Deal.objects.eligible().filter(pk__in=deals, approved_at__gte=since, approved_at__lt=until)


def _won(deals: QuerySet[Deal], since: datetime, until: datetime) -> QuerySet[Deal]:
    return Deal.objects.eligible().filter(pk__in=deals, state=State.WON, state_since__gte=since, state_since__lt=until)


@dataclass(frozen=True, kw_only=True)
class CountedDeal:
    """A deal that counts, since `counted_at`: when it was approved, or won."""

    public_id: UUID
    counted_at: datetime
    value: Decimal
    currency: str


Behind = tuple[list[CountedDeal], list[CountedDeal]]


def deals_behind(
    *, partners: Iterable[Partner], since: datetime, won_since: datetime, until: datetime
) -> dict[int, Behind]:
    """Per partner the deals themselves behind `counted_deals`: (approved since `since`, won since `won_since`), oldest
    first. Two queries, whatever the number of partners.
    """
    ids = [partner.pk for partner in partners]
    found: dict[int, Behind] = {pk: ([], []) for pk in ids}
    of_partners = Deal.objects.filter(partner__in=ids)
    approved = _approved(of_partners, since, until).order_by("approved_at", "pk")
    won = _won(of_partners, won_since, until).order_by("state_since", "pk")
    for place, (rows, moment) in enumerate(((approved, "approved_at"), (won, "state_since"))):
        for partner, *fields in rows.values_list("partner_id", "public_id", moment, "value", "currency"):
            names = ("public_id", "counted_at", "value", "currency")
            found[partner][place].append(CountedDeal(**dict(zip(names, fields, strict=True))))
    return found


def _counts(deals: QuerySet[Deal]) -> dict[int, int]:
    return dict(deals.order_by().values("partner").annotate(count=Count("pk")).values_list("partner", "count"))
