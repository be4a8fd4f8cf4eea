"""The way to a certification, and what expires."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certifications.progress import expiring, progress, way
from courses import services as courses
from tests.certifications.factories import certification, completed, credential, exam, published, sat
from tests.courses.factories import enrolled, lessons
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def test_way_shows_steps_with_state_and_minutes(now: datetime) -> None:
    member = MembershipFactory()
    first, second, third = published(2, minutes=5), published(3, minutes=6), published(1, minutes=7)
    wanted = certification(first, second, third, exam(minutes=60))
    completed(first, member, now)
    begun = enrolled(second, member)
    courses.complete_lesson(enrolment=begun, lesson=lessons(second)[0], at=now)
    found = progress(member.person, wanted, now.date())
    assert [(s.kind, s.state.value, s.minutes) for s in found.steps] == [
        ("course", "done", 0),
        ("course", "started", 12),
        ("course", "open", 7),
        ("exam", "open", 60),
    ]
    assert (found.done, found.total, found.minutes_left) == (1, 4, 79)
    assert found.next_step == found.steps[1]
    assert (found.steps[1].url_name, found.steps[1].url_args) == ("cms:lesson", (second.course.slug, "lesson-2"))
    assert found.steps[2].url_args == (f"{third.course.slug}/",)
    assert found.steps[3].url == "/exams/presales/"


def test_way_ends_with_the_credential(now: datetime) -> None:
    member = MembershipFactory()
    issued = credential(now, membership=member)
    found = progress(member.person, issued.certification, now.date())
    assert (found.credential, found.next_step, found.is_renewal, found.minutes_left) == (issued, None, False, 0)


def test_way_of_a_renewal_asks_for_the_exam_again(now: datetime) -> None:
    member = MembershipFactory()
    issued = credential(now, membership=member, valid_months=12)
    assert issued.expires_on is not None
    on = issued.expires_on - timedelta(days=90)
    assert not progress(member.person, issued.certification, on - timedelta(days=1)).is_renewal
    found = progress(member.person, issued.certification, on)
    assert (found.is_renewal, found.minutes_left) == (True, 60)
    assessment = issued.certification.requirements.get().assessment
    assert assessment is not None
    sat(assessment, member, now + timedelta(days=200))
    assert progress(member.person, issued.certification, on).next_step is None


@pytest.mark.parametrize("count", [1, 3])
def test_way_asks_as_often_for_three_as_for_one(count: int, now: datetime) -> None:
    member = MembershipFactory()
    wanted = []
    for number in range(count):
        version = published(2)
        enrolled(version, member)
        wanted.append(certification(version, exam(f"exam-{number}"), slug=f"certification-{number}"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(way(member.person, wanted, now.date())) == count
    assert len(queries) == 6


def test_expiring_lists_what_ends_soon_and_was_not_renewed(now: datetime) -> None:
    member, other = MembershipFactory(), MembershipFactory()
    soon = credential(now, membership=member, valid_months=2)
    credential(now, membership=member, valid_months=12)
    foreign = credential(now, membership=other, valid_months=2)
    on = now.date()
    assert list(expiring(on=on, within_days=90)) == [soon, foreign]
    assert list(expiring(on=on, within_days=90, person=member.person)) == [soon]
    assert list(expiring(on=on, within_days=90, partner=other.partner)) == [foreign]
    assert list(expiring(on=on, within_days=10)) == []
    soon.pk, soon.sequence, soon.public_id, soon.attempt = None, 2, "renewal", None
    soon.save(force_insert=True)
    assert [one.sequence for one in expiring(on=on, within_days=90, person=member.person)] == [2]


def test_expiring_at_a_partner_leaves_out_who_left(now: datetime) -> None:
    member = MembershipFactory()
    credential(now, membership=member, valid_months=2)
    member.ends_on = now.date() - timedelta(days=1)
    member.save(update_fields=["ends_on"])
    assert not expiring(on=now.date(), within_days=90, partner=member.partner).exists()
