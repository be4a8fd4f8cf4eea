"""Invitations: the letter, the one right use, and everything else refused."""

from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from lms.accounts.models import User
from lms.events.models import Message
from lms.events.services import drain
from lms.partners import services
from lms.partners.models import Invitation, Membership
from tests.factories import MembershipFactory, PersonaFactory, UserFactory
from tests.partners.conftest import House

PASSWORD = "four quiet unrelated words"
pytestmark = pytest.mark.django_db


def invite(house: House, email: str = "New.Person@Aster.example", **changes: object) -> Invitation:
    values = {"partner": house.partner, "email": email, "persona": PersonaFactory(), "by": house.manager.person}
    return services.invite_person(**{**values, "at": timezone.now(), **changes})


def token_in(letter: EmailMessage) -> str:
    return str(letter.body).split("/invitations/")[1].split("/")[0]


def deliver() -> str:
    """Has the letters sent; returns the newest one's token."""
    drain()
    return token_in(mail.outbox[-1])


def accept(token: str, **changes: object) -> Membership:
    values = {"token": token, "by": None, "name": "New Person", "password": PASSWORD, "at": timezone.now()}
    return services.accept_invitation(**{**values, **changes})


def test_invitation_letter_is_sent_by_the_outbox_with_both_parts(a: House) -> None:
    invite(a)
    assert mail.outbox == []
    token = deliver()
    letter = mail.outbox[0]
    assert letter.to == ["new.person@aster.example"]
    assert letter.body.count(f"http://127.0.0.1:8000/invitations/{token}/") == 1
    html = letter.alternatives[0][0]
    assert f"/invitations/{token}/" in html
    assert "Manager Aster" in html


def test_invitation_token_is_kept_nowhere_in_clear(a: House) -> None:
    """The outbox holds it sealed, the table its digest."""
    invitation = invite(a)
    token = deliver()
    payload = Message.objects.get(type="partners.PersonInvited").payload
    assert token not in str(payload)
    assert token != invitation.token_hash


def test_letter_of_a_withdrawn_invitation_is_not_sent(a: House) -> None:
    invitation = invite(a)
    services.withdraw_invitation(invitation=invitation, by=a.manager.person, at=timezone.now())
    drain()
    assert mail.outbox == []


def test_accept_invitation_makes_account_and_membership(a: House) -> None:
    invite(a, role=Membership.Role.MANAGER)
    membership = accept(deliver())
    person = User.objects.get(email="new.person@aster.example")
    assert (membership.person, membership.partner, membership.is_manager) == (person, a.partner, True)
    assert person.check_password(PASSWORD)


def test_accept_invitation_twice_makes_one_account_and_one_membership(a: House) -> None:
    """AUTH-23."""
    invite(a)
    token = deliver()
    accept(token)
    with pytest.raises(services.InvitationClosed):
        accept(token)
    assert User.objects.filter(email="new.person@aster.example").count() == 1
    assert Membership.objects.filter(partner=a.partner).count() == 3


def test_accept_invitation_after_expiry_is_refused(a: House) -> None:
    """AUTH-23."""
    invitation = invite(a)
    token = deliver()
    with pytest.raises(services.InvitationClosed):
        accept(token, at=invitation.expires_at)
    assert accept(token, at=invitation.expires_at - timedelta(seconds=1)).partner == a.partner


def test_accept_invitation_as_somebody_else_is_refused(a: House, b: House) -> None:
    """AUTH-23: the right address only, and the account of that address only when signed in with it."""
    invite(a, b.rep.person.email)
    token = deliver()
    with pytest.raises(services.InvitationForOther):
        accept(token, by=a.rep.person)
    with pytest.raises(services.InvitationForOther):
        accept(token)
    assert accept(token, by=b.rep.person).partner == a.partner
    assert User.objects.filter(email=b.rep.person.email).count() == 1


def test_accept_invitation_of_a_suspended_partner_is_refused(a: House, channel_manager: User, now: datetime) -> None:
    invite(a)
    token = deliver()
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    with pytest.raises(services.InvitationClosed):
        accept(token)


def test_accept_invitation_with_a_weak_password_changes_nothing(a: House) -> None:
    invite(a)
    token = deliver()
    with pytest.raises(ValidationError):
        accept(token, password="short")
    assert not User.objects.filter(email="new.person@aster.example").exists()
    assert Invitation.objects.get().accepted_at is None


def test_unknown_token_is_refused_in_the_same_words_as_a_used_one(a: House) -> None:
    invite(a)
    token = deliver()
    accept(token)
    words = set()
    for tried in (token, "x" * 43):
        with pytest.raises(services.InvitationClosed) as refusal:
            services.find_invitation(token=tried, at=timezone.now())
        words.add(refusal.value.message)
    assert len(words) == 1


def test_inviting_again_later_withdraws_the_older_letter(a: House) -> None:
    start = timezone.now() - timedelta(hours=1)
    invite(a, at=start)
    first = deliver()
    invite(a, at=start + timedelta(minutes=6))
    second = deliver()
    with pytest.raises(services.InvitationClosed):
        accept(first)
    assert accept(second).partner == a.partner


def test_letters_to_one_address_are_limited(a: House) -> None:
    invite(a)
    with pytest.raises(services.TooManyInvitations):
        invite(a, "NEW.person@aster.example.")
    assert Invitation.objects.count() == 1


def test_letters_of_one_partner_are_limited(a: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lms.partners.services.invitations.INVITATIONS_PER_DAY", 1)
    invite(a)
    with pytest.raises(services.TooManyInvitations):
        invite(a, "other@aster.example")


def test_inviting_a_member_is_refused(a: House) -> None:
    with pytest.raises(services.AlreadyMember):
        invite(a, a.rep.person.email.upper())


def test_member_cannot_invite_a_manager(a: House) -> None:
    """PRIV-03."""
    with pytest.raises(services.RoleTooHigh):
        invite(a, by=a.rep.person, role=Membership.Role.MANAGER)


def test_channel_manager_invites_the_first_manager(channel_manager: User, a: House) -> None:
    assert invite(a, by=channel_manager, role=Membership.Role.MANAGER).role == Membership.Role.MANAGER


def test_inviting_to_a_suspended_partner_is_refused(a: House, channel_manager: User, now: datetime) -> None:
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    with pytest.raises(services.PartnerSuspended):
        invite(a, by=channel_manager)


def test_withdraw_twice_keeps_the_first_moment(a: House) -> None:
    invitation = invite(a)
    at = timezone.now()
    for moment in (at, at + timedelta(hours=1)):
        services.withdraw_invitation(invitation=invitation, by=a.manager.person, at=moment)
    assert invitation.withdrawn_at == at


def test_subject_of_the_letter_stays_one_line(a: House) -> None:
    """OUT-07: a name cannot add a header."""
    User.objects.filter(pk=a.manager.person.pk).update(name="Eve\nBcc: victim@example.com")
    invite(a, by=User.objects.get(pk=a.manager.person.pk))
    drain()
    assert mail.outbox[0].subject == "Eve Bcc: victim@example.com invites you to Halden Partners"
    assert mail.outbox[0].bcc == []


def test_database_refuses_two_open_invitations(a: House) -> None:
    invitation = invite(a)
    invitation.pk, invitation.public_id, invitation.token_hash = None, UserFactory().public_id, "0" * 64
    with pytest.raises(IntegrityError), transaction.atomic():
        invitation.save(force_insert=True)


def test_database_refuses_an_acceptance_by_nobody(a: House) -> None:
    invite(a)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(accepted_at=timezone.now())


def test_member_who_joined_meanwhile_is_not_joined_twice(a: House) -> None:
    person = UserFactory(email="twice@aster.example")
    invite(a, person.email)
    token = deliver()
    MembershipFactory(person=person, partner=a.partner)
    with pytest.raises(services.AlreadyMember):
        accept(token, by=person)
    assert Invitation.objects.get().accepted_at is None
