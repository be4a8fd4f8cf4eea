"""What the portal shows of a partnership itself: who to talk to for a need, sponsors who are gone, and red flags."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from courses.models import Need
from lms.accounts.models import User
from lms.common.needs import NeedLink
from lms.partners.alignment import Flag, Gravity
from lms.partners.middleware import membership_of
from lms.partners.models import Partner
from lms.partners.services import Place, places, red_flags, sponsor_gaps
from lms.partners.sides import Function, Side
from lms.portal.words import listed

# The functions whose people help with a need; the page opens at the first.
FUNCTIONS = {
    Need.GET_CERTIFIED: (Function.TRAINING,),
    Need.CLOSE_A_DEAL: (Function.SALES, Function.PRESALES, Function.MARKETING),
    Need.IMPLEMENT_THE_PRODUCT: (Function.DELIVERY, Function.PRESALES),
}


def contact_link(request: HttpRequest, need: Need) -> NeedLink | None:
    """Where the people for this need stand; None for who acts for no partner. No query of its own."""
    membership = membership_of(request)
    if membership is None:
        return None
    functions = FUNCTIONS[need]
    page = reverse("partners:contacts", args=[membership.partner.public_id])
    first, *more = (function.label for function in functions)
    note = listed([first, *(label.lower() for label in more)])
    return NeedLink(title="Who to talk to", url=f"{page}#{functions[0].value}", note=note)


@dataclass(frozen=True, kw_only=True)
class SponsorLine:
    """A side's sponsor, or that there is none."""

    company: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class Relations:
    """A partner's page: sponsors for all who see it, red flags for who looks after the partnership."""

    sponsors: list[SponsorLine]
    flags: list[Flag]
    may_view_alignment: bool
    names_somebody: bool


def relations(partner: Partner, user: User, at: datetime) -> Relations:
    """Two queries, and one more for who sees the checklist. Without flags while the partner is suspended."""
    company = {Side.VENDOR: settings.VENDOR_NAME, Side.PARTNER: partner.name}
    found = places([partner], [Function.EXECUTIVE], at)[partner.pk]
    may = user.has_perm("partners.view_alignment", partner)
    return Relations(
        sponsors=[SponsorLine(company=company[side], place=found[Function.EXECUTIVE, side]) for side in Side],
        flags=red_flags([partner], at).get(partner.pk, []) if may and partner.suspended_at is None else [],
        may_view_alignment=may,
        names_somebody=may,
    )


@dataclass(frozen=True, kw_only=True)
class RedRow:
    """A partner to look at: its gravest flag and how many more, and the sides whose sponsor is gone."""

    partner: Partner
    flags: list[Flag]
    gaps: list[SponsorLine]

    @property
    def first(self) -> Flag | None:
        return self.flags[0] if self.flags else None

    @property
    def more(self) -> int:
        return max(0, len(self.flags) - 1)


def red_rows(partners: Iterable[Partner], at: datetime) -> list[RedRow]:
    """Partners with a red flag or a sponsor who is gone, the gravest first, then by name. Three queries.

    Suspended ones are left out: nobody talks to them for now.
    """
    partners = [partner for partner in partners if partner.suspended_at is None]
    flags, gaps = red_flags(partners, at), sponsor_gaps(partners, at)
    rows = [
        RedRow(partner=partner, flags=flags.get(partner.pk, []), gaps=_lines(partner, gaps.get(partner.pk, [])))
        for partner in partners
        if partner.pk in flags or partner.pk in gaps
    ]
    return sorted(rows, key=_gravity)


def _lines(partner: Partner, gaps: list[Place]) -> list[SponsorLine]:
    company = {Side.VENDOR: settings.VENDOR_NAME, Side.PARTNER: partner.name}
    return [SponsorLine(company=company[place.side], place=place) for place in gaps]


def _gravity(row: RedRow) -> tuple[int, str]:
    """A sponsor who is gone weighs as much as a difference."""
    found = [flag.gravity for flag in row.flags] + [Gravity.DIFFERENT] * bool(row.gaps)
    return min(found), row.partner.name.casefold()
