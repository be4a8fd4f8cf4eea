"""What the library tells the home page."""

from datetime import datetime, timedelta

import pytest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from cms.models import CoursePage
from cms.needs import links
from courses.services import complete_lesson, enrol_person
from lms.accounts.models import User


@pytest.fixture
def ask(rep: User) -> object:
    request = RequestFactory().get("/")
    request.user = rep
    return request


def test_links_name_what_is_for_the_person(page: CoursePage, ask: object) -> None:
    (link,) = links(ask)[page.need]  # type: ignore[arg-type]
    assert (link.title, link.note) == (page.title, page.promise)
    assert link.meta.endswith(" min")


def test_links_put_what_is_done_last(page: CoursePage, rep: User, ask: object, now: datetime) -> None:
    assert page.course
    enrolment = enrol_person(person=rep, course=page.course, membership=rep.memberships.get(), at=now)
    for lesson in enrolment.version.lessons.order_by("position"):
        complete_lesson(enrolment=enrolment, lesson=lesson, at=now)
    (link,) = links(ask)[page.need]  # type: ignore[arg-type]
    assert link.meta == "Done"


def test_links_leave_out_what_is_overdue_for_review(page: CoursePage, ask: object) -> None:
    """R51."""
    CoursePage.objects.update(review_on=page.review_on - timedelta(days=5000))
    assert links(ask) == {}  # type: ignore[arg-type]


def test_links_are_two_lists_whatever_is_in_them(
    page: CoursePage, ask: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    links(ask)  # type: ignore[arg-type]
    with django_assert_num_queries(2):
        links(ask)  # type: ignore[arg-type]
