"""Suspension, reinstatement, correction: facts are added, nothing is blanked, everything shown follows at once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from badges.models import Award
from certifications import errors, services
from certifications.models import Credential, Suspension
from lms.accounts.models import AuditEntry, User
from lms.events.models import Message
from lms.events.services import drain
from lms.partners.models import Membership
from lms.tiers.services import gather_facts
from lms.xapi import vocabulary
from lms.xapi.agents import verb_key
from lms.xapi.models import Statement
from tests.certifications.factories import credential, sat
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    return user


@pytest.fixture
def member() -> Membership:
    return MembershipFactory(person=UserFactory(name="Ines Navaro"))


def counted(member: Membership, at: datetime) -> list[str]:
    """The numbers of the credentials that count for the partner's tier."""
    facts = gather_facts(partner=member.partner, at=at)
    return [held.reference for person in facts.people for held in person.held]


def test_suspended_credential_rests_and_comes_back(by: User, member: Membership, now: datetime) -> None:
    issued = credential(now, membership=member)
    last = issued.expires_on
    services.suspend_credential(credential=issued, by=by, reason="Looked into", at=now + HOUR)
    issued.refresh_from_db()
    assert issued.status(now.date()) == "suspended"
    assert not Credential.objects.valid(now.date()).exists()
    assert counted(member, now + 2 * HOUR) == []
    services.reinstate_credential(credential=issued, by=by, reason="Nothing found", at=now + 3 * HOUR)
    issued.refresh_from_db()
    assert (issued.status(now.date()), issued.expires_on) == ("valid", last)
    kept = Suspension.objects.get()
    assert (kept.suspended_by, kept.reason, kept.lifted_by, kept.lift_reason) == (
        by,
        "Looked into",
        by,
        "Nothing found",
    )


def test_what_counted_at_any_moment_can_be_told_again(by: User, member: Membership, now: datetime) -> None:
    """BIZ-10: a tier decision of the time of the suspension comes out the same after it."""
    issued = credential(now, membership=member)
    services.suspend_credential(credential=issued, by=by, reason="Looked into", at=now + HOUR)
    services.reinstate_credential(credential=issued, by=by, reason="Nothing found", at=now + 3 * HOUR)
    services.revoke_credential(credential=issued, by=by, reason="Found after all", at=now + 5 * HOUR)
    held = [bool(counted(member, now + hours * HOUR)) for hours in range(7)]
    assert held == [True, False, False, True, True, False, False]


@pytest.mark.parametrize("deed", ["suspend_credential", "reinstate_credential"])
def test_changes_need_permission_and_reason(deed: str, by: User, member: Membership, now: datetime) -> None:
    issued = credential(now, membership=member)
    with pytest.raises(errors.ReasonMissing):
        getattr(services, deed)(credential=issued, by=by, reason=" \n", at=now)
    with pytest.raises(errors.NotAllowed):
        getattr(services, deed)(credential=issued, by=member.person, reason="Mine", at=now)


def test_changes_twice_change_once(by: User, now: datetime) -> None:
    issued = credential(now)
    for _ in range(2):
        services.suspend_credential(credential=issued, by=by, reason="Looked into", at=now)
    for _ in range(2):
        services.reinstate_credential(credential=issued, by=by, reason="Nothing found", at=now + HOUR)
    assert Suspension.objects.count() == 1
    assert AuditEntry.objects.filter(action="certifications.suspend_credential").count() == 1
    types = list(Message.objects.filter(type__contains="certifications.CredentialS").values_list("type", flat=True))
    assert types == ["certifications.CredentialSuspended"]


def test_revoked_credential_never_comes_back(by: User, now: datetime) -> None:
    issued = credential(now)
    services.revoke_credential(credential=issued, by=by, reason="Copied", at=now)
    services.suspend_credential(credential=issued, by=by, reason="Too", at=now)
    assert not Suspension.objects.exists()
    with pytest.raises(errors.CredentialNotInForce, match="Issue a new one"):
        services.reinstate_credential(credential=issued, by=by, reason="Sorry", at=now)


def test_tier_follows_suspension_and_reinstatement(by: User, member: Membership, now: datetime) -> None:
    """The events wake the evaluation of the partner; nothing there fails."""
    issued = credential(now, membership=member)
    services.suspend_credential(credential=issued, by=by, reason="Looked into", at=now)
    services.reinstate_credential(credential=issued, by=by, reason="Nothing found", at=now + HOUR)
    drain()
    wanted = Message.objects.filter(
        type__in=["certifications.CredentialSuspended", "certifications.CredentialReinstated"]
    )
    assert wanted.count() == 2


def test_corrected_name_is_a_new_credential_that_says_the_same(by: User, member: Membership, now: datetime) -> None:
    old = credential(now, membership=member)
    said = old.as_issued
    new = services.reissue_credential(
        credential=old, holder_name=" Inès\nNavarro ", by=by, reason="Spelling", at=now + HOUR
    )
    old.refresh_from_db()
    assert (old.status(now.date()), old.replaced_by, old.as_issued) == ("replaced", new, said)
    assert (old.revoked_by, old.revocation_reason) == (by, "Spelling")
    assert new.public_id != old.public_id
    assert (new.holder_name, new.as_issued.holder_name, new.expires_on) == (
        "Inès Navarro",
        "Inès Navarro",
        old.expires_on,
    )
    assert replace(new.as_issued, holder_name="") == replace(old.as_issued, holder_name="")
    assert Statement.objects.filter(verb_key=verb_key(vocabulary.EARNED)).count() == 1
    drain()
    assert Award.objects.filter(credential=new).count() == 1


def test_correction_counts_once_at_every_moment(by: User, member: Membership, now: datetime) -> None:
    old = credential(now, membership=member)
    new = services.reissue_credential(credential=old, holder_name="Inès", by=by, reason="Spelling", at=now + 2 * HOUR)
    assert [counted(member, now + hours * HOUR) for hours in (1, 3)] == [[old.public_id], [new.public_id]]
    facts = gather_facts(partner=member.partner, at=now + 3 * HOUR)
    assert [held.since for person in facts.people for held in person.held] == [now.date()]


def test_correction_replayed_returns_the_new_one(by: User, now: datetime) -> None:
    old = credential(now)
    first = services.reissue_credential(credential=old, holder_name="Inès", by=by, reason="Spelling", at=now)
    assert services.reissue_credential(credential=old, holder_name="Inès", by=by, reason="Spelling", at=now) == first
    assert Credential.objects.count() == 2


def test_correction_is_refused(by: User, member: Membership, now: datetime) -> None:
    old = credential(now, membership=member)
    asked = {"credential": old, "holder_name": "Inès", "by": by, "reason": "Spelling", "at": now}
    with pytest.raises(errors.NotAllowed):
        services.reissue_credential(**{**asked, "by": member.person})
    for missing in ({"holder_name": " \u202e"}, {"reason": ""}):
        with pytest.raises(errors.ReasonMissing):
            services.reissue_credential(**{**asked, **missing})
    services.suspend_credential(credential=old, by=by, reason="Looked into", at=now)
    with pytest.raises(errors.CredentialNotInForce):
        services.reissue_credential(**asked)
    services.reinstate_credential(credential=old, by=by, reason="Fine", at=now)
    assessment = old.certification.requirements.get().assessment
    assert assessment is not None
    later = now + timedelta(days=700)
    sat(assessment, member, later)
    services.issue_if_earned(person=member.person, certification=old.certification, at=later)
    with pytest.raises(errors.AlreadyReplaced, match="newer"):
        services.reissue_credential(**asked)


def test_database_holds_the_pairs(by: User, now: datetime) -> None:
    issued = credential(now)
    rows = [
        {"credential": issued, "suspended_at": now, "suspended_by": by, "reason": "x", "lifted_at": now},
        {"credential": issued, "suspended_at": now, "suspended_by": by, "reason": "x", "lift_reason": "y"},
    ]
    for row in rows:
        with pytest.raises(IntegrityError, match="lifting"), transaction.atomic():
            Suspension.objects.create(**row)
    Suspension.objects.create(credential=issued, suspended_at=now, suspended_by=by, reason="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Suspension.objects.create(credential=issued, suspended_at=now, suspended_by=by, reason="x")
    with pytest.raises(IntegrityError, match="replaced"), transaction.atomic():
        Credential.objects.filter(pk=issued.pk).update(replaced_by=issued)


@pytest.mark.parametrize("deed,word", [("suspend", "suspended"), ("revoke", "taken back"), ("replace", "replaced")])
def test_no_page_shows_a_stale_status(deed: str, word: str, by: User, member: Membership) -> None:
    """Status shown stale anywhere: public page, holder's page, PDF, API follow in the next request."""
    at = timezone.now() - timedelta(days=1)
    issued = credential(at, membership=member)
    holder = Client()
    holder.force_login(member.person, backend="django.contrib.auth.backends.ModelBackend")
    pdf = f"/my/certificates/{issued.public_id}/certificate.pdf"
    assert holder.get(pdf).status_code == 200
    if deed == "suspend":
        services.suspend_credential(credential=issued, by=by, reason="x", at=at)
    elif deed == "revoke":
        services.revoke_credential(credential=issued, by=by, reason="x", at=at)
    else:
        services.reissue_credential(credential=issued, holder_name="Inès", by=by, reason="x", at=at)
    public = Client().get(f"/verify/{issued.public_id}/").content.decode()
    assert word in public
    assert "holds today" not in public
    assert holder.get(pdf).status_code == 410, "CERT-14: the state at that moment"
    own = holder.get(f"/my/certificates/{issued.public_id}/").content.decode()
    assert "Download PDF" not in own
    (row,) = [one for one in holder.get("/api/v1/credentials/").json()["results"] if one["id"] == issued.public_id]
    assert row["status"] == {"suspend": "suspended", "revoke": "revoked", "replace": "replaced"}[deed]
    listed = holder.get(f"/api/v1/credentials/?status={row['status']}").json()["results"]
    assert [one["id"] for one in listed] == [issued.public_id]
