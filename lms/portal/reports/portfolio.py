"""Tables over all partners."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from lms.partners.models import Partner
from lms.portal.reports.model import Basis, Cell, Table
from lms.reporting import activity, services, usage
from lms.reporting.models import PartnerPeriod
from lms.reporting.rates import year_before


def partners_table(partners: Sequence[Partner], at: datetime, as_of: datetime | None) -> Table:
    """Each partner with completion, engagement and activity: the least engaged first."""
    month = services.last_whole_month(at)
    engaged = services.engagement_by_partner(partners=partners, month=month)
    since = year_before(at)
    rates = {group.key: group.rate for group in services.rates_by_partner(since=since, until=at)}
    used = _used(month)
    rows: list[Sequence[Cell]] = []
    for partner in sorted(partners, key=lambda one: (_exact(engaged[one.pk]), one.name.casefold())):
        rate, row = rates.get(partner.public_id), used.get(partner.public_id)
        rows.append(
            (
                *(partner.name, partner.current_tier.name if partner.current_tier else "None yet"),
                engaged[partner.pk].index,
                *((rate.numerator, rate.denominator) if rate else (0, 0)),
                *((row.people, row.visits, row.minutes) if row else (0, 0, 0)),
            )
        )
    return Table(
        key="partners",
        title="Partners",
        definition=f"Engagement, people, visits and active minutes are of {month:%B %Y}; completed and registered of "
        f"the window. {usage.FORMULA}",
        columns=(
            *("Partner", "Tier", "Engagement", "Completed", "Registered"),
            *("Active people", "Visits", "Active minutes"),
        ),
        rows=rows,
        basis=Basis(since=since, until=at, as_of=as_of, narrowed="all partners, all courses, all personas"),
    )


def _exact(found: usage.Engagement) -> Fraction:
    return Fraction(-1) if found.exact is None else found.exact


def _used(month: date) -> dict[UUID, PartnerPeriod]:
    rows = PartnerPeriod.objects.filter(unit=PartnerPeriod.Unit.MONTH, start=month)
    return {row.partner_public_id: row for row in rows}


def tiers_table(partners: Sequence[Partner], at: datetime) -> Table:
    """How many partners hold each tier, the highest first."""
    counted = Counter(partner.current_tier for partner in partners)
    ordered = sorted(counted, key=lambda tier: -1 if tier is None else tier.rank, reverse=True)
    return Table(
        key="tiers",
        title="Partners by tier",
        definition="Partners by the tier that their newest decision gave them.",
        columns=("Tier", "Partners"),
        rows=[("None yet" if tier is None else tier.name, counted[tier]) for tier in ordered],
        basis=Basis(since=at, until=at, as_of=at, narrowed="all partners"),
    )


def regions_table(partners: Sequence[Partner], at: datetime, as_of: datetime | None) -> Table:
    """Completion and activity by region: sums over its partners, so a region is no average of averages."""
    month = services.last_whole_month(at)
    since = year_before(at)
    rates = {group.key: group.rate for group in services.rates_by_partner(since=since, until=at)}
    used = _used(month)
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for partner in partners:
        rate, row = rates.get(partner.public_id), used.get(partner.public_id)
        added = (
            *(1, rate.numerator if rate else 0, rate.denominator if rate else 0),
            *((row.people, row.visits, row.minutes) if row else (0, 0, 0)),
        )
        sums[partner.region.name] = [a + b for a, b in zip(sums[partner.region.name], added, strict=True)]
    return Table(
        key="regions",
        title="Regions",
        definition=f"Completed and registered are of the window; people, visits and active minutes of {month:%B %Y}. "
        f"{activity.RULE}",
        columns=("Region", "Partners", "Completed", "Registered", "Active people", "Visits", "Active minutes"),
        rows=[(name, *values) for name, values in sorted(sums.items())],
        basis=Basis(since=since, until=at, as_of=as_of, narrowed="all partners, all courses, all personas"),
    )
