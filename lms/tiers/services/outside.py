"""Facts from outside training: imported figures and fees, deals, documents that were judged. Reads only.

What nobody imported is not there: it is not known, which differs from zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from lms.deals.errors import NoRulesInForce
from lms.deals.services import CountedDeal, deals_behind, rules_in_force
from lms.partners.models import Partner
from lms.reporting.rates import year_before
from lms.tiers.engine import Entry, Evidence, Measure
from lms.tiers.models import EvidenceDocument, ImportedMetric

IMPORT = "import: "
FEE = "fee_"  # an imported metric of this name pays for the fee of the kind behind it
SERIES_YEARS = 5
DEALS_SOURCE = "lms.deals.counted_deals"
APPROVED, WON, WON_SERIES = "deals_approved_12m", "deals_won_12m", "deals_won"
_VALUE, _VALUE_SERIES = "won_value_12m_", "won_value_"


@dataclass
class Outside:
    """What is known of one partner from outside training, as `engine.Facts` takes it."""

    measures: dict[str, Measure] = field(default_factory=dict)
    series: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    payments: list[Evidence] = field(default_factory=list)
    imported: set[str] = field(default_factory=set)


def is_own(name: str) -> bool:
    """Whether the figure is computed here, so that nobody can import it."""
    own = {"completion_rate_12m", "courses_completed_12m", APPROVED, WON, WON_SERIES}
    return name in own or name.startswith(_VALUE_SERIES)


def outside_facts(partners: Sequence[Partner], at: datetime) -> dict[int, Outside]:
    """By primary key. Five queries, whatever the number of partners."""
    found = {partner.pk: Outside() for partner in partners}
    _add_metrics(found, at)
    _add_documents(found, at)
    _add_deals(found, partners, at)
    return found


def _add_metrics(found: dict[int, Outside], at: datetime) -> None:
    """Of each metric the figure of the newest day up to that of `at` (UTC), and the figures by day as a series.

    Of one day the row imported last. A figure past its last day is out of the measures.
    """
    on = at.astimezone(UTC).date()
    series: dict[tuple[int, str], dict[date, ImportedMetric]] = defaultdict(dict)
    for row in ImportedMetric.objects.filter(partner__in=list(found)).counting(on).select_related("imported_by"):
        series[row.partner_id, row.name][row.as_of] = row
    for (partner, name), by_day in series.items():
        newest, outside = by_day[max(by_day)], found[partner]
        if name.startswith(FEE):
            outside.payments.append(_payment(newest))
            continue
        outside.imported.add(name)
        outside.series[name] = tuple(
            Entry(value=Fraction(row.value), on=row.as_of, reference=str(row.public_id), until=row.until)
            for row in by_day.values()
        )
        if newest.until is None or newest.until >= on:
            outside.measures[name] = _imported(newest)


def _imported(row: ImportedMetric) -> Measure:
    return Measure(
        value=Fraction(row.value),
        source=f"{IMPORT}{row.source}",
        as_of=_midnight(row.as_of),
        detail={"imported_at": row.imported_at.astimezone(UTC).isoformat()},
        references=(str(row.public_id),),
    )


def _payment(row: ImportedMetric) -> Evidence:
    """A fee that was paid from its day to its last day; a newer row of zero takes it back."""
    return Evidence(
        kind=row.name.removeprefix(FEE),
        is_accepted=row.value > 0,
        reviewer=str(row.imported_by.public_id),
        since=row.as_of,
        until=row.until,
        reference=str(row.public_id),
    )


def _add_documents(found: dict[int, Outside], at: datetime) -> None:
    """Those that were accepted by then."""
    documents = EvidenceDocument.objects.accepted().filter(partner__in=list(found), judged_at__lte=at)
    for row in documents.select_related("judged_by").order_by("judged_at", "pk"):
        assert row.judged_by is not None  # noqa: S101  by a constraint
        found[row.partner_id].evidence.append(
            Evidence(
                kind=row.kind,
                reviewer=str(row.judged_by.public_id),
                since=row.since,
                until=row.until,
                reference=str(row.public_id),
            )
        )


def _add_deals(found: dict[int, Outside], partners: Sequence[Partner], at: datetime) -> None:
    """Deals approved and won, and what was won in each currency by itself: nothing is converted.

    While no rules of engagement are in force no deals are registered here, so they are not known. Then none is zero, in
    every currency that the rules name.
    """
    try:
        currencies = rules_in_force(at=at).rules.currencies
    except NoRulesInForce:
        return
    since, until = year_before(at), at + timedelta(microseconds=1)
    long_ago = at - timedelta(days=366 * SERIES_YEARS)
    behind = deals_behind(partners=partners, since=since, won_since=long_ago, until=until)
    for pk, (approved, won) in behind.items():
        outside = found[pk]
        of_the_year = [deal for deal in won if deal.counted_at >= since]
        outside.measures[APPROVED] = _counted(approved, len(approved), since, at)
        outside.measures[WON] = _counted(of_the_year, len(of_the_year), since, at)
        outside.series[WON_SERIES] = _entries(won, by_value=False)
        for currency in sorted({*currencies, *(deal.currency for deal in won)}):
            own = [deal for deal in won if deal.currency == currency]
            recent = [deal for deal in of_the_year if deal.currency == currency]
            name = currency.lower()
            value = sum((deal.value for deal in recent), Decimal(0))
            outside.measures[_VALUE + name] = _counted(recent, value, since, at)
            outside.series[_VALUE_SERIES + name] = _entries(own, by_value=True)


def _counted(deals: Iterable[CountedDeal], value: Decimal | int, since: datetime, at: datetime) -> Measure:
    return Measure(
        value=Fraction(value),
        source=DEALS_SOURCE,
        as_of=at.astimezone(UTC).isoformat(),
        detail={"since": since.astimezone(UTC).isoformat(), "until": at.astimezone(UTC).isoformat()},
        references=tuple(str(deal.public_id) for deal in deals),
    )


def _entries(deals: Iterable[CountedDeal], *, by_value: bool) -> tuple[Entry, ...]:
    return tuple(
        Entry(
            value=Fraction(deal.value) if by_value else Fraction(1),
            on=deal.counted_at.astimezone(UTC).date(),
            reference=str(deal.public_id),
        )
        for deal in deals
    )


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()
