"""The channel manager's table of partners: one row each, sorted by what is on the list and nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from lms.partners.models import Partner
from lms.reporting.services import Rate, rates_by_partner
from lms.tiers.services import TierStatus, statuses

YEAR = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class PartnerRow:
    """One partner with what decides where to look first. `status` is None before its first evaluation."""

    partner: Partner
    people: int
    status: TierStatus | None
    rate: Rate | None

    @property
    def is_at_risk(self) -> bool:
        return self.status is not None and self.status.risk is not None

    @property
    def distance(self) -> Fraction:
        """How far the next tier is: the lacking parts of its requirements, 0 when all are met or there is none."""
        if self.status is None:
            return Fraction(0)
        return sum((1 - Fraction(row.have, row.need) for row in self.status.rows), Fraction(0))


def partner_rows(partners: Iterable[Partner], at: datetime) -> list[PartnerRow]:
    """A row per partner (annotated with `people_count`). Constant queries."""
    partners = list(partners)
    found = statuses(partners=partners, at=at)
    rates = {group.key: group.rate for group in rates_by_partner(since=at - YEAR, until=at)}
    return [
        PartnerRow(
            partner=partner,
            people=partner.people_count,  # type: ignore[attr-defined]
            status=found.get(partner.pk),
            rate=rates.get(partner.public_id),
        )
        for partner in partners
    ]


def _name(row: PartnerRow) -> str:
    return row.partner.name.casefold()


def _tier(row: PartnerRow) -> int:
    tier = row.partner.current_tier
    return -1 if tier is None else tier.rank


def _risk(row: PartnerRow) -> tuple[bool, int]:
    """Soonest loss first; partners without one last."""
    risk = row.status.risk if row.status else None
    return (risk is None, 0 if risk is None else risk.on.toordinal())


def _rate(row: PartnerRow) -> Fraction:
    share = row.rate.share if row.rate else None
    return Fraction(-1) if share is None else share


SORTS: dict[str, Callable[[PartnerRow], Any]] = {
    "name": _name,
    "tier": _tier,
    "distance": lambda row: row.distance,
    "risk": _risk,
    "rate": _rate,
    "people": lambda row: row.people,
}
COLUMNS = {
    "name": "Partner",
    "tier": "Tier",
    "distance": "To the next tier",
    "risk": "At risk",
    "rate": "Completion, 12 months",
    "people": "People",
}
DEFAULT_SORT = "risk"


def sort_rows(rows: Iterable[PartnerRow], wanted: str) -> tuple[list[PartnerRow], str]:
    """Rows in the wanted order ("-" first for descending) and the order used: an unknown one is the default."""
    name = wanted.removeprefix("-")
    if name not in SORTS:
        wanted = name = DEFAULT_SORT
    ordered = sorted(sorted(rows, key=_name), key=SORTS[name], reverse=wanted.startswith("-"))
    return ordered, wanted


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column head: `sort` is the order its link asks for, `direction` the aria-sort of the order shown."""

    label: str
    sort: str
    direction: str


def heads(shown: str) -> list[Head]:
    """The column heads while the table is in the order `shown`: a second click turns the order around."""
    return [
        Head(
            label=label,
            sort=f"-{name}" if shown == name else name,
            direction={name: "ascending", f"-{name}": "descending"}.get(shown, ""),
        )
        for name, label in COLUMNS.items()
    ]
