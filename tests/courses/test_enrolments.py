"""Enrolling, learning, completing, leaving."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from courses import services, statements
from courses.errors import (
    CourseAlreadyCompleted,
    CourseNotOffered,
    EnrolmentClosed,
    ForeignMembership,
    LessonNotInCourse,
)
from courses.events import CourseCompleted
from courses.models import Enrolment, LessonProgress, ModuleCompletion
from courses.progress import for_enrolment, for_enrolments
from lms.accounts.models import User
from lms.events.services import subscribe
from lms.xapi.models import Statement
from tests.courses.factories import enrolled, lessons, published
from tests.factories import CourseFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def told(enrolment: Enrolment) -> list[dict[str, Any]]:
    """The statements about an enrolment, in the order in which they were stored."""
    rows = Statement.objects.filter(registration=enrolment.registration).order_by("stored_at", "pk")
    return [json.loads(row.body) for row in rows]


def words(enrolment: Enrolment) -> list[tuple[str, str]]:
    """(verb, kind of object) of each statement."""
    return [
        (s["verb"]["id"].rpartition("/")[2], s["object"]["definition"]["type"].rpartition("/")[2])
        for s in told(enrolment)
    ]


def test_enrol_person_binds_the_newest_version_and_registers(now: datetime) -> None:
    first = published(1)
    second = published(2, course=first.course)
    membership = MembershipFactory()
    enrolment = enrolled(second, membership, at=now)
    assert (enrolment.version, enrolment.membership, enrolment.enrolled_at) == (second, membership, now)
    assert words(enrolment) == [("registered", "course")]
    statement = told(enrolment)[0]
    assert statement["object"]["id"] == second.course.activity_iri
    assert statement["context"]["registration"] == str(enrolment.registration)
    assert statement["actor"]["account"]["name"] == str(membership.person.public_id)


def test_enrol_person_again_returns_the_enrolment_there_is(now: datetime) -> None:
    version, membership = published(1), MembershipFactory()
    first = enrolled(version, membership, at=now)
    published(2, course=version.course)
    assert enrolled(version, membership, at=now + timedelta(days=1)) == first
    assert words(first) == [("registered", "course")]


def test_enrol_person_in_a_retired_or_unpublished_course_is_refused(now: datetime) -> None:
    version, membership = published(1), MembershipFactory()
    services.retire_course(course=version.course, by=None, at=now)
    for course in (version.course, CourseFactory()):
        with pytest.raises(CourseNotOffered):
            services.enrol_person(person=membership.person, course=course, membership=membership, at=now)


def test_enrol_person_on_a_foreign_membership_is_refused(now: datetime) -> None:
    with pytest.raises(ForeignMembership):
        services.enrol_person(person=UserFactory(), course=published(1).course, membership=MembershipFactory(), at=now)
    assert not Enrolment.objects.exists()


def test_database_refuses_a_second_open_enrolment(now: datetime) -> None:
    enrolment = enrolled(published(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrolment.objects.create(
            person=enrolment.person,
            course=enrolment.course,
            version=enrolment.version,
            registration=enrolment.public_id,
            enrolled_at=now,
        )


def test_database_refuses_completion_before_enrolment_and_on_a_withdrawn_one(now: datetime) -> None:
    enrolment = enrolled(published(1), at=now)
    rows = Enrolment.objects.filter(pk=enrolment.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(completed_at=now - timedelta(seconds=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(completed_at=now, withdrawn_at=now)


def test_first_lesson_opened_initializes_the_course_once(now: datetime) -> None:
    version = published(2)
    enrolment = enrolled(version)
    for lesson in (*lessons(version), lessons(version)[0]):
        services.open_lesson(enrolment=enrolment, lesson=lesson, at=now)
    assert words(enrolment) == [("registered", "course"), ("initialized", "course")]
    assert LessonProgress.objects.count() == 2
    enrolment.refresh_from_db()
    assert enrolment.initialized_at == now


def test_opening_again_keeps_the_first_moment(now: datetime) -> None:
    version = published(1)
    enrolment = enrolled(version)
    for hours in (0, 1):
        row = services.open_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now + timedelta(hours=hours))
    assert row.opened_at == now


def test_completing_lessons_counts_completes_modules_and_the_course(now: datetime) -> None:
    version = published(2, 1)
    enrolment = enrolled(version)
    outcomes = [
        services.complete_lesson(enrolment=enrolment, lesson=one, at=now + timedelta(minutes=one.position))
        for one in lessons(version)
    ]
    assert [(o.module_completed, o.course_completed) for o in outcomes] == [(False, False), (True, False), (True, True)]
    assert words(enrolment) == [
        ("registered", "course"),
        ("initialized", "course"),
        ("progressed", "course"),
        ("progressed", "course"),
        ("completed", "module"),
        ("progressed", "course"),
        ("completed", "module"),
        ("completed", "course"),
    ]
    enrolment.refresh_from_db()
    assert enrolment.completed_at == now + timedelta(minutes=3)
    assert ModuleCompletion.objects.count() == 2


def test_progress_is_told_in_whole_lessons_never_rounded_up(now: datetime) -> None:
    version = published(400)
    enrolment = enrolled(version)
    rows = lessons(version)
    LessonProgress.objects.bulk_create(
        LessonProgress(enrolment=enrolment, lesson=one, opened_at=now, completed_at=now) for one in rows[:398]
    )
    services.complete_lesson(enrolment=enrolment, lesson=rows[398], at=now)
    extensions = told(enrolment)[-1]["result"]["extensions"]
    assert [extensions[name] for name in (statements.LESSONS_DONE_EXTENSION, statements.LESSONS_TOTAL_EXTENSION)] == [
        399,
        400,
    ]
    assert extensions["https://w3id.org/xapi/cmi5/result/extensions/progress"] == 99
    assert for_enrolment(enrolment).is_complete is False


def test_completing_a_lesson_twice_changes_nothing(now: datetime) -> None:
    version = published(1)
    enrolment = enrolled(version)
    first = services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
    before = (words(enrolment), list(LessonProgress.objects.values()), list(ModuleCompletion.objects.values()))
    again = services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now + timedelta(hours=1))
    assert (first.is_new, again.is_new, again.course_completed) == (True, False, False)
    assert before == (words(enrolment), list(LessonProgress.objects.values()), list(ModuleCompletion.objects.values()))


def test_course_completed_is_emitted_once_with_its_statement(now: datetime) -> None:
    from lms.events import services as events
    from lms.events.models import Message

    heard: list[CourseCompleted] = []

    @subscribe(CourseCompleted)
    def listen(event: CourseCompleted) -> None:
        heard.append(event)

    try:
        version = published(1)
        enrolment = enrolled(version)
        for _ in range(2):
            services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
        events.drain()
    finally:
        events._handlers[CourseCompleted.type].pop(f"{listen.__module__}.{listen.__qualname__}")
    assert Message.objects.filter(type=CourseCompleted.type).count() == 1
    assert [(e.enrolment_id, e.person_id, e.course_id, e.at) for e in heard] == [
        (enrolment.public_id, enrolment.person.public_id, enrolment.course.public_id, now)
    ]
    assert told(enrolment)[-1]["id"] == str(heard[0].statement_id)


def test_lesson_of_another_version_is_refused(now: datetime) -> None:
    version = published(1)
    enrolment = enrolled(version)
    other = lessons(published(2, course=version.course))[0]
    for service in (services.open_lesson, services.complete_lesson):
        with pytest.raises(LessonNotInCourse):
            service(enrolment=enrolment, lesson=other, at=now)
    assert not LessonProgress.objects.exists()


def test_later_version_changes_nothing_for_who_is_enrolled(now: datetime) -> None:
    version = published(2)
    enrolment = enrolled(version)
    services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
    published(3, 3, course=version.course)
    outcome = services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[1], at=now)
    assert outcome.course_completed is True


def test_withdrawn_enrolment_takes_nothing_more_and_a_new_one_starts_afresh(now: datetime) -> None:
    version = published(2)
    enrolment = enrolled(version)
    first = lessons(version)[0]
    services.complete_lesson(enrolment=enrolment, lesson=first, at=now)
    for _ in range(2):
        services.withdraw_enrolment(enrolment=enrolment, by=enrolment.person, at=now)
    assert words(enrolment)[-1] == ("unregistered", "course")
    assert len([w for w in words(enrolment) if w[0] == "unregistered"]) == 1
    for service in (services.open_lesson, services.complete_lesson):
        with pytest.raises(EnrolmentClosed):
            service(enrolment=enrolment, lesson=first, at=now)
    again = enrolled(version, enrolment.membership, at=now)
    assert again != enrolment
    assert for_enrolment(again).done == 0


def test_completed_course_cannot_be_left(now: datetime) -> None:
    version = published(1)
    enrolment = enrolled(version)
    services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
    with pytest.raises(CourseAlreadyCompleted):
        services.withdraw_enrolment(enrolment=enrolment, by=enrolment.person, at=now)


def test_progress_names_what_is_done_left_and_next(now: datetime) -> None:
    version = published(2, 2)
    enrolment = enrolled(version)
    one, two, three, four = lessons(version)
    assert for_enrolment(enrolment).next_lesson == one
    services.complete_lesson(enrolment=enrolment, lesson=one, at=now)
    progress = for_enrolment(enrolment)
    assert (progress.done, progress.total, progress.minutes_left, progress.next_lesson) == (1, 4, 15, two)
    assert progress.left == (two, three, four)


def test_next_lesson_is_the_one_left_open_last(now: datetime) -> None:
    version = published(4)
    enrolment = enrolled(version)
    rows = lessons(version)
    services.open_lesson(enrolment=enrolment, lesson=rows[1], at=now)
    services.open_lesson(enrolment=enrolment, lesson=rows[2], at=now + timedelta(minutes=1))
    assert for_enrolment(enrolment).next_lesson == rows[2]
    services.complete_lesson(enrolment=enrolment, lesson=rows[2], at=now + timedelta(minutes=2))
    assert for_enrolment(enrolment).next_lesson == rows[1]


def test_progress_has_no_next_lesson_when_all_is_done(now: datetime) -> None:
    version = published(1)
    enrolment = enrolled(version)
    services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
    progress = for_enrolment(enrolment)
    assert (progress.next_lesson, progress.minutes_left, progress.is_complete) == (None, 0, True)


@pytest.mark.parametrize("count", [1, 3])
def test_progress_of_many_enrolments_takes_two_queries(
    count: int, django_assert_num_queries: Any, now: datetime
) -> None:
    membership = MembershipFactory()
    enrolments = [enrolled(published(2), membership) for _ in range(count)]
    with django_assert_num_queries(2):
        counts = for_enrolments(enrolments)
    assert [counts[e.pk].total for e in enrolments] == [2] * count


def test_enrolments_are_visible_to_the_person_his_manager_and_channel_roles_only() -> None:
    membership = MembershipFactory()
    enrolment = enrolled(published(1), membership)
    colleague = MembershipFactory(partner=membership.partner).person
    manager = MembershipFactory(partner=membership.partner, role="manager").person
    stranger = MembershipFactory(role="manager").person

    def seen(user: User) -> bool:
        return Enrolment.objects.visible_to(user).filter(pk=enrolment.pk).exists()

    assert [seen(p) for p in (membership.person, manager, colleague, stranger)] == [True, True, False, False]
