"""Credentials after an exam was marked again and is no pass any more: taken back when nothing else earns them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group

from certifications import services
from certifications.models import Certification, Credential, PointsRule, PracticeTask, Requirement, Submission
from lms.accounts.models import AuditEntry, User
from lms.assessments.models import Assessment, Attempt, Item, Regrade
from lms.events.services import drain
from lms.partners.models import Membership
from tests.certifications.factories import certification, completed, exam, published, sat
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def member() -> Membership:
    return MembershipFactory()


@pytest.fixture
def manager() -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    return user


def issue(member: Membership, wanted: Certification, at: datetime) -> Credential:
    issued = services.issue_if_earned(person=member.person, certification=wanted, at=at)
    assert issued is not None
    return issued


def fails(attempt: Attempt, manager: User, at: datetime) -> list[Credential]:
    """What a regrade takes back that turned the attempt from a pass to none."""
    Attempt.objects.filter(pk=attempt.pk).update(is_passed=False)
    regrade = Regrade.objects.create(
        assessment=attempt.assessment,
        item=Item.objects.earliest("pk"),
        action=Regrade.Action.DROP,
        reason="Two answers were right",
        ordered_at=at,
        ordered_by=manager,
        total=1,
        finished_at=at,
    )
    return services.revoke_after_regrade(
        person_id=attempt.person.public_id, attempt_id=attempt.public_id, regrade_id=regrade.public_id, at=at
    )


def test_it_is_taken_back_once_with_the_reason(member: Membership, manager: User, now: datetime) -> None:
    wanted = certification(assessment := exam())
    attempt = sat(assessment, member, now)
    credential = issue(member, wanted, now)
    assert fails(attempt, manager, now + DAY) == [credential]
    assert fails(attempt, manager, now + DAY) == []
    credential.refresh_from_db()
    assert (credential.revoked_by, credential.revocation_reason) == (
        manager,
        "Exam marked again: Two answers were right",
    )
    assert AuditEntry.objects.filter(action="certifications.revoke_credential").count() == 1


def test_another_pass_before_the_issue_keeps_it(member: Membership, manager: User, now: datetime) -> None:
    wanted = certification(assessment := exam())
    sat(assessment, member, now)
    attempt = sat(assessment, member, now + DAY)
    credential = issue(member, wanted, now + DAY)
    assert credential.attempt == attempt
    assert fails(attempt, manager, now + 2 * DAY) == []


def test_an_attempt_it_does_not_rest_on_takes_nothing(member: Membership, manager: User, now: datetime) -> None:
    wanted = certification(assessment := exam())
    older = sat(assessment, member, now)
    sat(assessment, member, now + DAY)
    issue(member, wanted, now + DAY)
    assert fails(older, manager, now + 2 * DAY) == []


def test_a_requirement_added_since_takes_nothing(member: Membership, manager: User, now: datetime) -> None:
    """It was issued for what was asked for then; the exam came later."""
    course = published(1)
    wanted = certification(course)
    completed(course, member, now)
    issue(member, wanted, now)
    Requirement.objects.create(certification=wanted, position=2, assessment=(assessment := exam()))
    assert fails(sat(assessment, member, now + DAY), manager, now + 2 * DAY) == []


def test_where_one_is_enough_another_keeps_it(member: Membership, manager: User, now: datetime) -> None:
    course = published(1)
    wanted = certification(course, assessment := exam(), needs_any=True)
    attempt = sat(assessment, member, now)
    credential = issue(member, wanted, now)
    assert fails(attempt, manager, now + DAY) == [credential]
    again, second = MembershipFactory(), published(1)
    both = certification(second, assessment, slug="both", needs_any=True)
    completed(second, again, now)
    attempt = sat(assessment, again, now)
    issue(again, both, now)
    assert fails(attempt, manager, now + DAY) == []


def test_an_older_pass_renews_nothing(member: Membership, manager: User, now: datetime) -> None:
    """Of a name put right since, too: the copy rests on what the first one rested on."""
    wanted = certification(assessment := exam(), valid_months=1)
    sat(assessment, member, now - 40 * DAY)
    first = issue(member, wanted, now - 40 * DAY)
    attempt = sat(assessment, member, now)
    second = issue(member, wanted, now)
    assert second.sequence == 2
    copy = services.reissue_credential(credential=second, holder_name="New Name", by=manager, reason="Name", at=now)
    assert fails(attempt, manager, now + DAY) == [copy]
    first.refresh_from_db()
    assert first.revoked_at is None


def renewable(*things: Assessment, **fields: Any) -> Certification:
    return certification(*things, valid_months=1, **fields)


def shown(task: PracticeTask, member: Membership, by: User, at: datetime) -> None:
    Submission.objects.create(
        task=task, person=member.person, submitted_at=at, decided_at=at, decided_by=by, is_accepted=True
    )


def test_points_of_an_exam_that_only_gives_points(member: Membership, manager: User, now: datetime) -> None:
    """The renewal that needed them is taken back; the one that had enough without them stays."""
    taken = {}
    for slug, others in (("needed", 5), ("spare", 10)):
        wanted = renewable(full := exam(slug), slug=slug, renewal_points=10)
        extra, other = exam(f"{slug}-extra"), exam(f"{slug}-other")
        PointsRule.objects.create(certification=wanted, assessment=extra, points=5)
        PointsRule.objects.create(certification=wanted, assessment=other, points=others)
        sat(full, member, now - 20 * DAY)
        issue(member, wanted, now - 20 * DAY)
        sat(other, member, now - DAY)
        attempt = sat(extra, member, now - DAY)
        second = issue(member, wanted, now)
        assert (second.sequence, second.as_issued.requirements[0].kind) == (2, "points")
        taken[slug] = (second, fails(attempt, manager, now + DAY))
    assert taken["needed"][1] == [taken["needed"][0]]
    assert taken["spare"][1] == []


def test_enough_points_keep_it_though_the_exam_is_asked_for(member: Membership, manager: User, now: datetime) -> None:
    wanted = renewable(full := exam("full"), renewal_points=10)
    PointsRule.objects.create(certification=wanted, assessment=full, points=5)
    PointsRule.objects.create(certification=wanted, assessment=(other := exam("other")), points=10)
    sat(full, member, now - 20 * DAY)
    issue(member, wanted, now - 20 * DAY)
    sat(other, member, now - DAY)
    attempt = sat(full, member, now - DAY)
    assert issue(member, wanted, now).sequence == 2
    assert fails(attempt, manager, now + DAY) == []


def test_new_practice_renews_with_an_older_pass(member: Membership, manager: User, now: datetime) -> None:
    """Also when what it renewed was revoked since: it was in force when it was renewed."""
    wanted = renewable(full := exam())
    task = PracticeTask.objects.create(slug="demo", title="Hold a demo", brief="Hold one.")
    Requirement.objects.create(certification=wanted, position=2, practice=task)
    sat(full, member, now - 20 * DAY)
    shown(task, member, manager, now - 20 * DAY)
    first = issue(member, wanted, now - 20 * DAY)
    shown(task, member, manager, now - DAY)
    attempt = sat(full, member, now - DAY)
    assert issue(member, wanted, now).attempt == attempt
    services.revoke_credential(credential=first, by=manager, reason="Name lent", at=now + DAY)
    assert fails(attempt, manager, now + 2 * DAY) == []


def test_exam_of_the_short_way_has_a_second_pass(member: Membership, manager: User, now: datetime) -> None:
    wanted = renewable(full := exam("full"))
    short = exam("short")
    Requirement.objects.create(certification=wanted, position=2, assessment=short, is_for_renewal=True)
    sat(full, member, now - 20 * DAY)
    issue(member, wanted, now - 20 * DAY)
    earlier, attempt = sat(short, member, now - 2 * DAY), sat(short, member, now - DAY)
    second = issue(member, wanted, now)
    assert (second.sequence, second.attempt) == (2, attempt)
    assert fails(attempt, manager, now + DAY) == []
    Attempt.objects.filter(pk=earlier.pk).update(is_passed=False)
    assert fails(attempt, manager, now + 2 * DAY) == [second]


def test_what_is_asked_for_since_does_not_undo_another_pass(member: Membership, manager: User, now: datetime) -> None:
    wanted = certification(assessment := exam())
    sat(assessment, member, now)
    attempt = sat(assessment, member, now + DAY)
    credential = issue(member, wanted, now + DAY)
    Requirement.objects.create(certification=wanted, position=2, course=published(1).course)
    assert credential.attempt == attempt
    assert fails(attempt, manager, now + 2 * DAY) == []


def test_issued_by_decision_and_expired_ones_stay(member: Membership, manager: User, now: datetime) -> None:
    wanted = certification(assessment := exam(), valid_months=1)
    attempt = sat(assessment, member, now)
    services.issue_by_decision(person=member.person, certification=wanted, by=manager, reason="Old system", at=now)
    assert fails(attempt, manager, now + DAY) == []
    other = MembershipFactory()
    attempt = sat(assessment, other, now)
    issue(other, wanted, now)
    assert fails(attempt, manager, now + 60 * DAY) == []


def test_one_that_is_passed_again_by_now_takes_nothing(member: Membership, manager: User, now: datetime) -> None:
    """The message of an earlier turn comes late: what holds now counts."""
    wanted = certification(assessment := exam())
    attempt = sat(assessment, member, now)
    issue(member, wanted, now)
    Attempt.objects.filter(pk=attempt.pk).update(cut_score=Decimal(10))
    regrade = Regrade.objects.create(
        assessment=assessment,
        item=Item.objects.earliest("pk"),
        action=Regrade.Action.CREDIT,
        reason="Unclear",
        ordered_at=now,
        ordered_by=manager,
        total=1,
    )
    assert (
        services.revoke_after_regrade(
            person_id=member.person.public_id, attempt_id=attempt.public_id, regrade_id=regrade.public_id, at=now
        )
        == []
    )
    drain()
