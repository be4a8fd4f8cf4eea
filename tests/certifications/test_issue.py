"""Issuing: earned, once, frozen."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from certifications import services
from certifications.models import Credential, Requirement
from lms.events.models import Message
from lms.events.services import drain
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.agents import actor_key, person_agent, verb_key
from lms.xapi.models import Statement
from tests.certifications.factories import certification, completed, credential, exam, published, sat
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Membership:
    return MembershipFactory(
        person=UserFactory(name="Inès Navarro"), partner=PartnerFactory(name="Kestrel", country="ES")
    )


def earned_statements() -> list[Statement]:
    return list(Statement.objects.filter(verb_key=verb_key(vocabulary.EARNED)))


def test_issue_waits_for_every_requirement(member: Membership, now: datetime) -> None:
    version, assessment = published(1), exam()
    wanted = certification(version, assessment)
    completed(version, member, now)
    assert services.issue_if_earned(person=member.person, certification=wanted, at=now) is None
    sat(assessment, member, now)
    issued = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert issued is not None
    assert (issued.sequence, issued.membership) == (1, member)


def test_issue_ignores_what_happens_later(member: Membership, now: datetime) -> None:
    assessment = exam()
    wanted = certification(assessment)
    sat(assessment, member, now + timedelta(hours=1))
    assert services.issue_if_earned(person=member.person, certification=wanted, at=now) is None


def test_issue_needs_a_pass(member: Membership, now: datetime) -> None:
    """CERT-11: a failed attempt earns nothing."""
    assessment = exam()
    wanted = certification(assessment)
    sat(assessment, member, now, points="5", is_passed=False)
    drain()
    assert services.issue_if_earned(person=member.person, certification=wanted, at=now) is None


def test_issue_needs_the_persons_own_pass(member: Membership, now: datetime) -> None:
    """CERT-11: another person's attempt earns nothing."""
    assessment = exam()
    wanted = certification(assessment)
    sat(assessment, MembershipFactory(), now)
    assert services.issue_if_earned(person=member.person, certification=wanted, at=now) is None


def test_issue_needs_a_requirement(member: Membership, now: datetime) -> None:
    assert services.issue_if_earned(person=member.person, certification=certification(), at=now) is None


def test_issue_stops_when_retired(member: Membership, now: datetime) -> None:
    assessment = exam()
    wanted = certification(assessment, retired_at=now)
    sat(assessment, member, now)
    assert services.issue_if_earned(person=member.person, certification=wanted, at=now) is None


def test_issue_twice_makes_one(member: Membership, now: datetime) -> None:
    assessment = exam()
    wanted = certification(assessment)
    sat(assessment, member, now)
    first = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    second = services.issue_if_earned(person=member.person, certification=wanted, at=now + timedelta(days=1))
    assert first == second
    assert Credential.objects.count() == 1
    assert len(earned_statements()) == 1
    assert Message.objects.filter(type="certifications.CredentialIssued").count() == 1


def test_events_issue_once_when_delivered_twice(member: Membership, now: datetime) -> None:
    version, assessment = published(2), exam()
    certification(version, assessment)
    completed(version, member, now)
    sat(assessment, member, now + timedelta(hours=1))
    drain()
    from certifications.handlers import issue_for_assessment, issue_for_course
    from lms.events.events import Event

    for message in Message.objects.filter(type__in=["courses.CourseCompleted", "assessments.AttemptScored"]):
        handler = issue_for_course if message.type.startswith("courses") else issue_for_assessment
        handler(Event.load(message.type, message.payload))  # type: ignore[arg-type]
    drain()
    assert Credential.objects.count() == 1
    assert len(earned_statements()) == 1


def test_issue_serves_every_certification_that_asks_for_the_exam(member: Membership, now: datetime) -> None:
    assessment = exam()
    certification(assessment, slug="one")
    certification(assessment, slug="two")
    sat(assessment, member, now)
    drain()
    assert Credential.objects.filter(person=member.person).count() == 2


def test_earned_statement_names_person_certification_and_partner(member: Membership, now: datetime) -> None:
    issued = credential(now, membership=member)
    (statement,) = earned_statements()
    body = json.loads(statement.body)
    assert str(statement.statement_id) == issued.as_issued.statement_id
    assert statement.actor_key == actor_key(person_agent(member.person))
    assert body["object"]["id"] == issued.certification.activity_iri
    assert body["context"]["team"]["name"] == "Kestrel"


def test_snapshot_says_what_was_earned(member: Membership, now: datetime) -> None:
    version, assessment = published(1, title="Sizing"), exam()
    wanted = certification(version, assessment, number=3)
    completed(version, member, now)
    sat(assessment, member, now, points="8.25")
    issued = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert issued is not None
    said = issued.as_issued
    assert (said.title, said.number, said.criteria) == (wanted.title, 3, wanted.criteria)
    assert (said.holder_name, said.partner_name, said.country) == ("Inès Navarro", "Kestrel", "ES")
    assert (said.issuer_name, said.site_url) == ("Halden", "http://127.0.0.1:8000")
    assert (said.percent, [(s.title, s.percent) for s in said.sections]) == (
        "82.50",
        [("Sizing", "70.83"), ("Security", "100.00")],
    )
    assert [(met.kind, met.title) for met in said.requirements] == [("course", "Sizing"), ("exam", "Pre-sales exam")]
    assert Statement.objects.filter(statement_id__in=said.statement_ids).count() == 2


def test_snapshot_stays_when_the_world_moves_on(member: Membership, now: datetime) -> None:
    """CERT-06: a name changed after issue does not alter what was issued."""
    issued = credential(now, membership=member)
    before = issued.as_issued
    member.person.name = "Gold Partner CEO"
    member.person.save(update_fields=["name"])
    issued.certification.title = "Another title"
    issued.certification.save(update_fields=["title"])
    issued.refresh_from_db()
    assert issued.as_issued == before
    assert issued.holder_name == "Inès Navarro"


def test_holder_name_is_one_clean_line(now: datetime) -> None:
    """CERT-06: line breaks, control characters and bidi overrides do not reach a certificate."""
    membership = MembershipFactory(person=UserFactory(name="Ann\nGold Partner\u202e\x07CEO"))
    assert credential(now, membership=membership).holder_name == "Ann Gold Partner CEO"


@pytest.mark.parametrize(
    "issued_on,months,last_day",
    [
        (date(2026, 11, 16), 24, date(2028, 11, 16)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 31), 6, date(2027, 6, 30)),
        (date(2026, 11, 16), 0, None),
    ],
)
def test_expiry_date_keeps_the_day_or_the_end_of_the_month(issued_on: date, months: int, last_day: date | None) -> None:
    """CERT-13: 29 February and the ends of months."""
    assert services.expiry_date(issued_on, months) == last_day


def test_credential_holds_to_the_end_of_its_last_day(now: datetime) -> None:
    """CERT-13: the last day counts, in UTC, in the status and in the query alike."""
    issued = credential(now, valid_months=12)
    last = date(2027, 11, 16)
    assert issued.expires_on == last
    for on, status in [(last, "valid"), (last + timedelta(days=1), "expired")]:
        assert issued.status(on) == status
        assert Credential.objects.valid(on).exists() == (status == "valid")


def test_valid_counts_from_the_day_of_issue(now: datetime) -> None:
    credential(now.replace(hour=23, minute=59))
    assert Credential.objects.valid(now.date()).exists()
    assert not Credential.objects.valid(now.date() - timedelta(days=1)).exists()


def test_renewal_needs_a_new_pass_near_the_end(member: Membership, now: datetime) -> None:
    assessment = exam()
    wanted = certification(assessment, valid_months=12)
    sat(assessment, member, now)
    first = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert first is not None
    assert first.expires_on is not None
    window = datetime.combine(first.expires_on, datetime.min.time(), UTC) - timedelta(days=90)
    for at in (window - timedelta(seconds=1), window):  # no new pass
        assert services.issue_if_earned(person=member.person, certification=wanted, at=at) == first
    sat(assessment, member, window - timedelta(seconds=1))
    early = services.issue_if_earned(person=member.person, certification=wanted, at=window - timedelta(seconds=1))
    assert early == first
    second = services.issue_if_earned(person=member.person, certification=wanted, at=window)
    assert second is not None
    assert (second.sequence, second.public_id != first.public_id) == (2, True)
    assert services.issue_if_earned(person=member.person, certification=wanted, at=window) == second


def test_revoked_credential_is_not_renewed_before_its_end(member: Membership, now: datetime) -> None:
    assessment = exam()
    wanted = certification(assessment, valid_months=12)
    sat(assessment, member, now)
    first = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert first is not None
    Credential.objects.filter(pk=first.pk).update(
        revoked_at=now, revoked_by=UserFactory(), revocation_reason="Copied answers"
    )
    near_end = now + timedelta(days=340)
    sat(assessment, member, near_end)
    assert services.issue_if_earned(person=member.person, certification=wanted, at=near_end) == first
    after = now + timedelta(days=366)
    second = services.issue_if_earned(person=member.person, certification=wanted, at=after)
    assert second is not None
    assert second.sequence == 2


def test_public_ids_cannot_be_guessed(now: datetime) -> None:
    """CERT-02: 128 random bits, nothing that counts."""
    ids = {credential(now).public_id for _ in range(3)}
    assert len(ids) == 3
    assert {len(public_id) for public_id in ids} == {22}


def test_database_refuses_a_second_of_the_same_sequence(member: Membership, now: datetime) -> None:
    """CERT-01: the unique constraint is what makes one."""
    issued = credential(now, membership=member)
    issued.pk, issued.attempt, issued.public_id = None, None, "another"
    with pytest.raises(IntegrityError, match="certification"), transaction.atomic():
        issued.save(force_insert=True)


def test_database_refuses_one_attempt_twice(member: Membership, now: datetime) -> None:
    issued = credential(now, membership=member)
    issued.pk, issued.sequence, issued.public_id = None, 2, "another"
    with pytest.raises(IntegrityError, match="attempt"), transaction.atomic():
        issued.save(force_insert=True)


def test_database_refuses_a_requirement_of_nothing() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Requirement.objects.create(certification=certification(), position=1)


def test_evidence_rests_on_trusted_statements_only(member: Membership, now: datetime) -> None:
    """A statement of somebody we do not trust, or a voided one, is no evidence."""
    assessment = exam()
    wanted = certification(assessment)
    sat(assessment, member, now)
    Statement.objects.update(voided_by="6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11")
    issued = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert issued is not None
    assert issued.as_issued.statement_ids == []


def test_credential_without_end_is_never_renewed(member: Membership, now: datetime) -> None:
    issued = credential(now, membership=member, valid_months=0)
    assert issued.expires_on is None
    assessment = issued.certification.requirements.get().assessment
    assert assessment is not None
    later = now + timedelta(days=4000)
    sat(assessment, member, later)
    assert services.issue_if_earned(person=member.person, certification=issued.certification, at=later) == issued


def test_course_alone_can_earn(member: Membership, now: datetime) -> None:
    """Without an exam there is no score, and nothing to renew by."""
    version = published(1)
    wanted = certification(version, valid_months=1)
    completed(version, member, now)
    issued = services.issue_if_earned(person=member.person, certification=wanted, at=now)
    assert issued is not None
    assert (issued.as_issued.percent, issued.as_issued.sections) == (None, ())
    later = now + timedelta(days=400)
    assert services.issue_if_earned(person=member.person, certification=wanted, at=later) == issued


def test_names_for_people(member: Membership, now: datetime) -> None:
    issued = credential(now, membership=member)
    assert str(issued) == "Inès Navarro: Halden Certified Engineer"
    assert str(issued.certification) == "Halden Certified Engineer"
    assert str(issued.certification.requirements.get()) == "Pre-sales exam"
