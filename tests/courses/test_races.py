"""Two at once, which only PostgreSQL shows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from courses import services
from courses.models import CourseVersion, Enrolment, ModuleCompletion
from lms.xapi.models import Statement
from tests.courses.factories import enrolled, lessons, outline, published
from tests.factories import CourseFactory, MembershipFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
AT_ONCE = 6


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Runs the works in threads that start together; returns their results, raises their errors."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


def test_enrolling_many_times_at_once_makes_one_enrolment(now: datetime) -> None:
    version, membership = published(1), MembershipFactory()
    found = at_once(*[lambda: enrolled(version, membership, at=now)] * AT_ONCE)
    assert len({enrolment.pk for enrolment in found}) == 1
    assert Statement.objects.filter(registration=Enrolment.objects.get().registration).count() == 1


def test_last_lessons_completed_at_once_complete_the_course_once(now: datetime) -> None:
    version = published(2)
    enrolment = enrolled(version)
    works = [
        lambda lesson=lesson: services.complete_lesson(enrolment=enrolment, lesson=lesson, at=now)
        for lesson in lessons(version) * 3
    ]
    outcomes = at_once(*works)
    assert sum(outcome.course_completed for outcome in outcomes) == 1
    assert sum(outcome.is_new for outcome in outcomes) == 2
    assert ModuleCompletion.objects.count() == 1
    completed = Statement.objects.filter(registration=enrolment.registration, body__contains="verbs/completed")
    assert completed.count() == 2  # of the module and of the course


def test_completing_and_leaving_at_once_end_in_one_of_both(now: datetime) -> None:
    from lms.common.errors import DomainError

    version = published(1)
    enrolment = enrolled(version)

    def tried(work: Callable[[], Any]) -> Callable[[], bool]:
        def run() -> bool:
            try:
                work()
            except DomainError:
                return False
            return True

        return run

    at_once(
        tried(lambda: services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)),
        tried(lambda: services.withdraw_enrolment(enrolment=enrolment, by=enrolment.person, at=now)),
    )
    enrolment.refresh_from_db()
    assert (enrolment.completed_at is None) is not (enrolment.withdrawn_at is None)


def test_publishing_at_once_numbers_versions_without_a_gap(now: datetime) -> None:
    course = CourseFactory()
    works = [
        lambda minutes=minutes: services.publish_outline(
            course=course, outline=outline(2, minutes=minutes), by=None, at=now
        )
        for minutes in (3, 4, 5, 5, 5)
    ]
    at_once(*works)
    assert sorted(CourseVersion.objects.values_list("number", flat=True))[:3] == [1, 2, 3]
    numbers = list(CourseVersion.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
