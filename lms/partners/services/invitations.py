"""Invitations: the only way into the house."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from lms.accounts.models import User, normalise_email
from lms.accounts.services import create_account, record_audit
from lms.common import guards
from lms.common.sealing import seal
from lms.events.services import emit
from lms.partners.events import PersonInvited
from lms.partners.models import Invitation, Membership, Partner, Persona
from lms.partners.services.errors import (
    AlreadyMember,
    InvitationClosed,
    InvitationForOther,
    PartnerSuspended,
    TooManyInvitations,
)
from lms.partners.services.memberships import add_member, lock_partner, require_rank

INVITATION_LIFE = timedelta(days=14)
INVITATION_PAUSE = timedelta(minutes=5)
INVITATIONS_PER_DAY = 200
SEAL = "partners.invitation"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_invitation(*, token: str, at: datetime) -> Invitation:
    """The open invitation behind a token. Raises InvitationClosed, in the same words whatever the reason."""
    invitation = (
        Invitation.objects.open(at)
        .filter(token_hash=_hash(token), partner__suspended_at=None)
        .select_related("partner", "persona", "invited_by")
        .first()
    )
    if invitation is None:
        raise InvitationClosed("This invitation is no longer open. Ask the person who invited you for a new one.")
    return invitation


def _check_limits(partner: Partner, email: str, at: datetime) -> None:
    recent = Invitation.objects.filter(partner=partner, invited_at__gt=at - timedelta(days=1))
    if recent.filter(email=email, invited_at__gt=at - INVITATION_PAUSE).exists():
        raise TooManyInvitations("A letter went to this address a few minutes ago. Give it time to arrive.")
    if recent.count() >= INVITATIONS_PER_DAY:
        raise TooManyInvitations(f"{partner.name} has sent {INVITATIONS_PER_DAY} invitations today. Go on tomorrow.")


@transaction.atomic
def invite_person(
    *,
    partner: Partner,
    email: str,
    persona: Persona,
    role: str = Membership.Role.MEMBER,
    name: str = "",
    by: User,
    at: datetime,
) -> Invitation:
    """Offers one address to join a partner, for 14 days. An older open offer to it is withdrawn: its link is dead.

    Raises PartnerSuspended, RoleTooHigh, AlreadyMember, TooManyInvitations. Locks the partner. Emits PersonInvited,
    whose token is sealed; the table holds only its SHA-256.
    """
    partner = lock_partner(partner)
    if partner.suspended_at is not None:
        raise PartnerSuspended(f"{partner.name} is suspended. Nobody was invited.")
    require_rank(by, partner, {role}, at)
    email = normalise_email(email)
    if Membership.objects.active(at.date()).filter(partner=partner, person__email=email).exists():
        raise AlreadyMember(f"Somebody with this address belongs to {partner.name} already.")
    _check_limits(partner, email, at)
    Invitation.objects.filter(partner=partner, email=email, accepted_at=None, withdrawn_at=None).update(withdrawn_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        name=guards.clean_name(name),
        partner=partner,
        persona=persona,
        role=role,
        token_hash=_hash(token),
        invited_by=by,
        invited_at=at,
        expires_at=at + INVITATION_LIFE,
    )
    _audit("invite_person", invitation, by, at)
    emit(PersonInvited(at=at, invitation_id=invitation.public_id, sealed_token=seal(token, purpose=SEAL)))
    return invitation


def _audit(action: str, invitation: Invitation, by: User, at: datetime) -> None:
    record_audit(
        action=f"partners.{action}",
        actor=by,
        at=at,
        target=invitation,
        partner_id=invitation.partner.public_id,
        detail={"persona": invitation.persona.slug, "role": invitation.role},
    )


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User, at: datetime) -> Invitation:
    """Makes the letter's link worthless. Twice changes nothing; an accepted invitation stays accepted."""
    changed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(withdrawn_at=at)
    invitation.refresh_from_db(fields=["withdrawn_at", "accepted_at"])
    if changed:
        _audit("withdraw_invitation", invitation, by, at)
    return invitation


@transaction.atomic
def accept_invitation(*, token: str, by: User | None, name: str = "", password: str = "", at: datetime) -> Membership:
    """Joins the partner that invited, once. `by` is the person signed in; None makes the account of the address.

    An address that has an account joins only when signed in with it, so a letter in wrong hands opens no account.
    Raises InvitationClosed, InvitationForOther, AlreadyMember, and ValidationError for a password that is too weak.
    Locks the partner; a conditional update makes two clicks one membership. Emits MembershipChanged.
    """
    invitation = find_invitation(token=token, at=at)
    partner = lock_partner(invitation.partner)
    person = by
    if person is None:
        if User.objects.filter(email=invitation.email).exists():
            raise InvitationForOther("This address has an account here. Sign in with it, then follow the letter again.")
        person = create_account(email=invitation.email, name=name, password=password, at=at)
    if normalise_email(person.email) != invitation.email or not person.is_active:
        raise InvitationForOther("This invitation is for another address than the one you are signed in with.")
    taken = Invitation.objects.open(at).filter(pk=invitation.pk).update(accepted_at=at, accepted_by=person)
    if taken != 1 or partner.suspended_at is not None:
        raise InvitationClosed("This invitation is no longer open. Ask the person who invited you for a new one.")
    _audit("accept_invitation", invitation, person, at)
    return add_member(
        person=person, partner=partner, persona=invitation.persona, role=invitation.role, by=person, at=at
    )
