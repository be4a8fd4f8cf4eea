"""Who stands for either side: naming a sponsor or counterpart, and ending that."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.partners.models import Counterpart, Membership, Partner, vendor_staff
from lms.partners.rules import NAMING
from lms.partners.services.errors import NotAvailable, NotYourSide, PartnerSuspended
from lms.partners.services.memberships import lock_partner
from lms.partners.sides import GUIDES, Function, Side


def members_for(partner: Partner, function: Function, on: date) -> QuerySet[Membership]:
    """The partner's people of the day, those whose persona usually has the function first."""
    people = Membership.objects.active(on).filter(partner=partner, person__is_active=True)
    usual = Case(
        When(persona__slug=GUIDES[function].persona, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    return people.select_related("person", "persona").order_by(usual, "person__name", "pk")


def require_side(partner: Partner, side: Side, by: User) -> None:
    """Each side speaks for itself, and nobody about a suspended partner. Raises NotYourSide, PartnerSuspended."""
    if not by.has_perm(NAMING[side], partner):
        raise NotYourSide("You don't speak for this side. Nothing was changed.")
    if partner.suspended_at is not None:
        raise PartnerSuspended(f"{partner.name} is suspended. Nothing was changed.")


@transaction.atomic
def name_counterpart(
    *, partner: Partner, side: Side, function: Function, person: User, by: User, at: datetime
) -> Counterpart:
    """Names the person who stands for the side in the function; the one before becomes history.

    The same person again changes nothing. Raises NotYourSide, PartnerSuspended, NotAvailable (left, or the account was
    closed, since the form was opened). Locks the partner; a constraint keeps one per side and function.
    """
    partner = lock_partner(partner)
    require_side(partner, side, by)
    membership = _standing_of(partner, side, person, at)
    named = Counterpart.objects.named().filter(partner=partner, side=side, function=function).first()
    if named is not None and (named.person_id, named.membership_id) == (person.pk, membership and membership.pk):
        return named
    if named is not None:
        _end(named, by, at)
    counterpart = Counterpart.objects.create(
        partner=partner,
        side=side,
        function=function,
        person=person,
        membership=membership,
        named_at=at,
        named_by=by,
    )
    _audit("name_counterpart", counterpart, by, at)
    return counterpart


def _standing_of(partner: Partner, side: Side, person: User, at: datetime) -> Membership | None:
    """The membership by which the person stands on the partner's side; None on the vendor's."""
    if side == Side.VENDOR:
        if not vendor_staff(at.date()).filter(pk=person.pk).exists():
            raise NotAvailable(f"{person.name} has no account of our staff any more. Choose somebody else.")
        return None
    mine = Membership.objects.active(at.date()).filter(partner=partner, person=person, person__is_active=True)
    membership = mine.order_by("-starts_on", "-pk").first()
    if membership is None:
        raise NotAvailable(f"{person.name} no longer belongs to {partner.name}. Choose somebody else.")
    return membership


@transaction.atomic
def end_counterpart(*, counterpart: Counterpart, by: User, at: datetime) -> Counterpart:
    """Leaves the place empty; the row stays as history. Twice changes nothing.

    Raises NotYourSide, PartnerSuspended. Locks the partner.
    """
    require_side(lock_partner(counterpart.partner), Side(counterpart.side), by)
    counterpart = Counterpart.objects.select_related("partner", "person").get(pk=counterpart.pk)
    if counterpart.ended_at is None:
        _end(counterpart, by, at)
    return counterpart


def _end(counterpart: Counterpart, by: User, at: datetime) -> None:
    counterpart.ended_at, counterpart.ended_by = max(at, counterpart.named_at), by
    counterpart.save(update_fields=["ended_at", "ended_by"])
    _audit("end_counterpart", counterpart, by, at)


def _audit(action: str, counterpart: Counterpart, by: User, at: datetime) -> None:
    record_audit(
        action=f"partners.{action}",
        actor=by,
        at=at,
        target=counterpart,
        partner_id=counterpart.partner.public_id,
        detail={
            "side": counterpart.side,
            "function": counterpart.function,
            "person": str(counterpart.person.public_id),
        },
    )
