"""Figures on deals in reports: how registration is used (R46), and whether certified people sell."""

from datetime import UTC, datetime

from django.db.models import QuerySet

from certifications.models import Credential
from lms.accounts.models import User, not_closed_at
from lms.deals.errors import NoRulesInForce
from lms.deals.services import rules_in_force, touched_a_deal, use_of_registration
from lms.partners.models import Membership, Partner
from lms.portal.reports.model import Basis, Figure
from lms.reporting import services
from lms.reporting.models import PartnerPeriod
from lms.reporting.rates import year_before


def figures_of_deals(partner: Partner | None, at: datetime) -> tuple[Figure, ...]:
    """Of one partner or of all, of the twelve months up to `at`; none while no rules of engagement are in force."""
    try:
        rules_in_force(at=at)
    except NoRulesInForce:
        return ()
    since, whose = year_before(at), "all partners" if partner is None else partner.name
    basis = Basis(since=since, until=at, as_of=at, narrowed=whose)
    return (*_use(partner, since, at, basis), _sellers(partner, since, at, basis))


def _use(partner: Partner | None, since: datetime, at: datetime, basis: Basis) -> tuple[Figure, Figure]:
    use = use_of_registration(partner=partner, since=since, until=at)
    active = 1 if partner is not None else _active_partners(at)
    return (
        Figure(
            key="deals_registered",
            label="Deals registered" if partner is not None else "Deals registered per active partner",
            value=str(use.registered) if partner is not None else _per(use.registered, active),
            numerator=use.registered,
            denominator=None if partner is not None else active,
            is_share=False,
            definition="Registrations made in the window, whatever became of them."
            + ("" if partner is not None else " Active partners are those of whom somebody did something last month."),
            basis=basis,
        ),
        Figure(
            key="deals_closed",
            label="Registered deals that have ended",
            value=_percent(use.closed, use.registered),
            numerator=use.closed,
            denominator=use.registered,
            definition="Of the registrations made in the window, those that were won, lost, rejected, withdrawn or "
            f"expired at its end; {use.won} of them were won. Cut to whole percent.",
            basis=basis,
        ),
    )


def _sellers(partner: Partner | None, since: datetime, at: datetime, basis: Basis) -> Figure:
    """The "professor detector": who is certified and never near a deal."""
    people = _certified(partner, at)
    certified = people.count()
    touched = people.filter(touched_a_deal(partner=partner, since=since, until=at)).count()
    return Figure(
        key="certified_sellers",
        label="Certified people who worked on a deal",
        value=_percent(touched, certified),
        numerator=touched,
        denominator=certified,
        definition="Of the people who held a certificate in force and belonged to a partner at the end of the window, "
        "those who registered or moved a deal, wrote about one, or added or finished a task of one in the window. Cut "
        "to whole percent.",
        basis=basis,
    )


def _certified(partner: Partner | None, at: datetime) -> QuerySet[User]:
    members = Membership.objects.active(at.astimezone(UTC).date())
    if partner is not None:
        members = members.filter(partner=partner)
    holders = Credential.objects.in_force_at(at).values("person")
    return User.objects.filter(not_closed_at(at), pk__in=members.values("person")).filter(pk__in=holders)


def _active_partners(at: datetime) -> int:
    month = services.last_whole_month(at)
    return PartnerPeriod.objects.filter(
        unit=PartnerPeriod.Unit.MONTH,
        start=month,
        people__gt=0,
        partner_public_id__in=Partner.objects.values("public_id"),
    ).count()


def _percent(numerator: int, denominator: int) -> str:
    return "not known" if denominator == 0 else f"{100 * numerator // denominator}%"


def _per(number: int, partners: int) -> str:
    """To one decimal, cut."""
    if partners == 0:
        return "not known"
    tenths = 10 * number // partners
    return f"{tenths // 10}.{tenths % 10}"
