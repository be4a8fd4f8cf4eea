"""Revoking adds a fact; saving a certification counts its versions."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from certifications import errors, services
from certifications.models import Certification, Credential
from lms.accounts.models import AuditEntry, User
from lms.events.models import Message
from lms.events.services import subscribe
from tests.certifications.factories import certification, credential, exam, published
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel_manager() -> User:
    user = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    return user


def test_revoke_says_who_when_and_why_and_blanks_nothing(channel_manager: User, now: datetime) -> None:
    issued = credential(now)
    before = issued.as_issued
    services.revoke_credential(credential=issued, by=channel_manager, reason=" Copied\nanswers ", at=now)
    issued.refresh_from_db()
    assert (issued.revoked_at, issued.revoked_by, issued.revocation_reason) == (now, channel_manager, "Copied answers")
    assert issued.as_issued == before
    assert issued.status(now.date()) == "revoked"
    assert not Credential.objects.valid(now.date()).exists()
    entry = AuditEntry.objects.get(action="certifications.revoke_credential")
    assert (entry.actor, entry.object_id, entry.detail) == (
        channel_manager,
        issued.public_id,
        {"reason": "Copied answers"},
    )


def test_revoke_twice_keeps_the_first(channel_manager: User, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    from certifications.events import CredentialRevoked
    from lms.events import services as outbox

    monkeypatch.setattr(outbox, "_handlers", {**outbox._handlers})
    subscribe(CredentialRevoked)(print)
    issued = credential(now)
    for hours, reason in enumerate(["First", "Second"]):
        services.revoke_credential(
            credential=issued, by=channel_manager, reason=reason, at=now + timedelta(hours=hours)
        )
    issued.refresh_from_db()
    assert (issued.revoked_at, issued.revocation_reason) == (now, "First")
    assert Message.objects.filter(type="certifications.CredentialRevoked").count() == 1
    assert AuditEntry.objects.filter(action="certifications.revoke_credential").count() == 1


def test_revoke_needs_a_reason(channel_manager: User, now: datetime) -> None:
    with pytest.raises(errors.ReasonMissing):
        services.revoke_credential(credential=credential(now), by=channel_manager, reason=" \n", at=now)


@pytest.mark.parametrize("role", ["member", "manager"])
def test_revoke_is_not_for_partners(role: str, now: datetime) -> None:
    by = MembershipFactory(role=role)
    with pytest.raises(errors.NotAllowed):
        services.revoke_credential(credential=credential(now, membership=by), by=by.person, reason="Mine", at=now)
    assert not Credential.objects.exclude(revoked_at=None).exists()


def test_database_refuses_a_revocation_without_reason(now: datetime) -> None:
    issued = credential(now)
    with pytest.raises(IntegrityError, match="who_and_why"), transaction.atomic():
        Credential.objects.filter(pk=issued.pk).update(revoked_at=now, revoked_by=issued.person)


def saved(made: Certification, *things: object, by: User, at: datetime) -> Certification:
    from courses.models import Course

    return services.save_certification(
        certification=made,
        personas=[],
        courses=[thing for thing in things if isinstance(thing, Course)],
        assessments=[thing for thing in things if not isinstance(thing, Course)],
        by=by,
        at=at,
    )


def test_save_counts_versions_of_the_requirements(channel_manager: User, now: datetime) -> None:
    course, assessment = published(1).course, exam()
    made = saved(Certification(slug="new", title="New", criteria="It."), assessment, by=channel_manager, at=now)
    assert made.number == 1
    made.title = "Newer"
    assert saved(made, assessment, by=channel_manager, at=now).number == 1
    assert saved(made, course, assessment, by=channel_manager, at=now).number == 2
    assert [str(one) for one in made.requirements.order_by("position")] == [course.title, assessment.title]
    assert AuditEntry.objects.filter(action="certifications.save_certification").count() == 3


def test_save_is_not_for_partners(now: datetime) -> None:
    with pytest.raises(errors.NotAllowed):
        saved(certification(), exam(), by=MembershipFactory(role="manager").person, at=now)
