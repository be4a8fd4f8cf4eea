"""Who belongs to a partner, in which persona and role."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.events.services import emit
from lms.partners.events import MembershipChanged
from lms.partners.models import Membership, Partner, Persona
from lms.partners.services.errors import (
    AlreadyMember,
    LastManager,
    MembershipEnded,
    OwnRole,
    PartnerSuspended,
    RoleTooHigh,
)


def current_membership(user: User, on: date) -> Membership | None:
    """The newest membership that holds on the day `on` (UTC) at a partner that is not suspended."""
    return (
        Membership.objects.active(on)
        .filter(person=user, partner__suspended_at=None)
        .select_related("partner__current_tier", "persona")
        .order_by("-starts_on", "-pk")
        .first()
    )


def lock_partner(partner: Partner) -> Partner:
    """The one lock under which a partner's people change, so that two managers cannot remove each other."""
    return Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)


def _stands_above(by: User | None) -> bool:
    """Channel roles and the platform itself (an import) stand above the roles within a partner."""
    return by is None or by.has_perm("partners.view_all_partners")


def require_rank(by: User | None, partner: Partner, roles: Iterable[str], at: datetime) -> None:
    """Nobody gives or touches a role above his own, and strangers none."""
    if by is None or _stands_above(by):
        return
    own = Membership.objects.active(at.date()).filter(person=by, partner=partner).first()
    if own is None or (Membership.Role.MANAGER in roles and not own.is_manager):
        raise RoleTooHigh("You can't give a higher role than your own. Nothing was changed.")


def _require_other_manager(membership: Membership, by: User | None, at: datetime) -> None:
    """A partner's own people never leave it without a manager; a channel role may, and looks after it until then."""
    if _stands_above(by):
        return
    others = Membership.objects.active(at.date()).managers().filter(partner_id=membership.partner_id)
    if membership.is_manager and not others.exclude(pk=membership.pk).exists():
        raise LastManager(
            f"{membership.partner.name} would have no manager. Make somebody else a manager first; nothing was changed."
        )


def _tell(membership: Membership, at: datetime) -> None:
    emit(
        MembershipChanged(
            at=at,
            membership_id=membership.public_id,
            person_id=membership.person.public_id,
            partner_id=membership.partner.public_id,
        )
    )


def _audit(action: str, membership: Membership, by: User | None, at: datetime, **detail: object) -> None:
    record_audit(
        action=f"partners.{action}",
        actor=by,
        at=at,
        target=membership,
        partner_id=membership.partner.public_id,
        detail={"persona": membership.persona.slug, "role": membership.role, **detail},
    )


def add_member(
    *, person: User, partner: Partner, persona: Persona, role: str, by: User | None, at: datetime
) -> Membership:
    if Membership.objects.active(at.date()).filter(person=person, partner=partner).exists():
        raise AlreadyMember(f"{person.name} belongs to {partner.name} already.")
    membership = Membership.objects.create(
        person=person, partner=partner, persona=persona, role=role, starts_on=at.date()
    )
    _audit("join_partner", membership, by, at)
    _tell(membership, at)
    return membership


@transaction.atomic
def join_partner(
    *,
    person: User,
    partner: Partner,
    persona: Persona,
    role: str = Membership.Role.MEMBER,
    by: User | None,
    at: datetime,
) -> Membership:
    """A person begins to work for a partner, from the day of `at` (UTC). `by` None is the platform (an import).

    Raises PartnerSuspended, RoleTooHigh, AlreadyMember. Locks the partner. Emits MembershipChanged.
    """
    partner = lock_partner(partner)
    if partner.suspended_at is not None:
        raise PartnerSuspended(f"{partner.name} is suspended. Nobody was added.")
    require_rank(by, partner, {role}, at)
    return add_member(person=person, partner=partner, persona=persona, role=role, by=by, at=at)


@transaction.atomic
def leave_partner(*, membership: Membership, by: User | None, at: datetime) -> Membership:
    """Ends a membership at once: the person's next request no longer sees the partner. The row and its records stay.

    A membership that has ended is returned unchanged. Raises LastManager, RoleTooHigh. Locks the
    partner. Emits MembershipChanged.
    """
    lock_partner(membership.partner)
    membership = Membership.objects.select_related("partner", "person", "persona").get(pk=membership.pk)
    if membership.ends_on is not None and (membership.ended_at is not None or membership.ends_on < at.date()):
        return membership
    require_rank(by, membership.partner, {membership.role}, at)
    _require_other_manager(membership, by, at)
    membership.ends_on = max(at.date(), membership.starts_on)
    membership.ended_at = at
    membership.save(update_fields=["ends_on", "ended_at"])
    _audit("leave_partner", membership, by, at)
    _tell(membership, at)
    return membership


@transaction.atomic
def change_membership(
    *, membership: Membership, persona: Persona, role: str, by: User | None, at: datetime
) -> Membership:
    """Gives a member another persona or role. The same again changes nothing and tells nobody.

    Raises MembershipEnded, PartnerSuspended, OwnRole (a person never edits his own role), RoleTooHigh, LastManager.
    Locks the partner. Emits MembershipChanged.
    """
    partner = lock_partner(membership.partner)
    membership = Membership.objects.select_related("partner", "person", "persona").get(pk=membership.pk)
    if (membership.persona_id, membership.role) == (persona.pk, role):
        return membership
    if not Membership.objects.active(at.date()).filter(pk=membership.pk).exists():
        raise MembershipEnded(f"{membership.person.name} no longer belongs to {partner.name}. Nothing was changed.")
    if partner.suspended_at is not None:
        raise PartnerSuspended(f"{partner.name} is suspended. Nothing was changed.")
    if role != membership.role:
        if by is not None and by.pk == membership.person_id:
            raise OwnRole("You can't change your own role. Ask another manager. Nothing was changed.")
        _require_other_manager(membership, by, at)
    require_rank(by, partner, {role, membership.role}, at)
    before = {"persona_before": membership.persona.slug, "role_before": membership.role}
    membership.persona, membership.role = persona, role
    membership.save(update_fields=["persona", "role"])
    _audit("change_membership", membership, by, at, **before)
    _tell(membership, at)
    return membership
