"""Who stands for whom today, and where nobody does: computed from what is so, so that a leaver is a gap at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lms.partners.models import Counterpart, Partner, vendor_staff
from lms.partners.sides import Function, Side


@dataclass(frozen=True, kw_only=True)
class Place:
    """One side of one function. `counterpart` stands there today, or nobody does.

    Then `last` was there before, if anybody was, and `empty_since` is the day from which the place is empty; None
    where it never was filled, and where only a role was taken away, of which no day is kept.
    """

    function: Function
    side: Side
    counterpart: Counterpart | None = None
    last: Counterpart | None = None
    empty_since: date | None = None

    @property
    def is_gap(self) -> bool:
        """Somebody stood here and no longer does."""
        return self.counterpart is None and self.last is not None


Places = dict[tuple[Function, Side], Place]


def places(partners: Iterable[Partner], functions: Iterable[Function], at: datetime) -> dict[int, Places]:
    """By partner (pk) the places of the functions, by function and side. Two queries."""
    partners, functions, on = list(partners), list(functions), at.date()
    rows = Counterpart.objects.filter(partner__in=partners, function__in=functions)
    newest: dict[tuple[int, str, str], Counterpart] = {}
    # In the order of their making: the partner's lock puts one after the other, whatever the clocks said.
    for row in rows.select_related("person", "membership").order_by("pk"):
        newest[row.partner_id, row.function, row.side] = row
    ours = [row.person_id for row in newest.values() if row.side == Side.VENDOR]
    staff = set(vendor_staff(on).filter(pk__in=ours).values_list("pk", flat=True))
    return {
        partner.pk: {
            (function, side): _place(function, side, newest.get((partner.pk, function, side)), staff, on)
            for function in functions
            for side in Side
        }
        for partner in partners
    }


def _place(function: Function, side: Side, row: Counterpart | None, staff: set[int], on: date) -> Place:
    if row is None:
        return Place(function=function, side=side)
    if row.ended_at is not None:
        return Place(function=function, side=side, last=row, empty_since=row.ended_at.date())
    if _is_here(row, staff, on):
        return Place(function=function, side=side, counterpart=row)
    return Place(function=function, side=side, last=row, empty_since=_left_on(row, on))


def _is_here(row: Counterpart, staff: set[int], on: date) -> bool:
    if row.membership is None:
        return row.person_id in staff
    return row.person.is_active and row.membership.holds(on)


def _left_on(row: Counterpart, on: date) -> date | None:
    """The first day without him: the day of an end at once, the day after a planned last one, or the day on which the
    account was closed, whichever came first."""
    membership, closed, days = row.membership, row.person.closed_at, []
    if membership is not None and membership.ends_on is not None and not membership.holds(on):
        days.append(membership.ends_on if membership.ended_at else membership.ends_on + timedelta(days=1))
    if not row.person.is_active and closed is not None and closed >= row.named_at:
        days.append(closed.date())
    return min(days, default=None)


def sponsor_gaps(partners: Iterable[Partner], at: datetime) -> dict[int, list[Place]]:
    """By partner (pk) the sides whose sponsor is gone; partners without a gap are not in it. Two queries."""
    found = places(partners, [Function.EXECUTIVE], at)
    gaps = {pk: [place for place in some.values() if place.is_gap] for pk, some in found.items()}
    return {pk: some for pk, some in gaps.items() if some}
