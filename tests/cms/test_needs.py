"""What the library tells the home page."""

from datetime import datetime, timedelta

import pytest
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from cms.models import CoursePage
from cms.needs import links
from courses.services import complete_lesson, enrol_person
from lms.accounts.models import User
from tests.factories import PartnerTypeFactory


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


def test_links_follow_the_library_at_once(page: CoursePage, ask: object) -> None:
    """What is kept is of the library as it stands: unpublished is gone with the next request, published is there."""
    assert [link.title for link in links(ask)[page.need]] == [page.title]  # type: ignore[arg-type]
    page.unpublish()
    assert links(ask) == {}  # type: ignore[arg-type]
    page.title = "The map, revised"
    page.save_revision().publish()
    assert [link.title for link in links(ask)[page.need]] == ["The map, revised"]  # type: ignore[arg-type]


def test_links_of_one_audience_are_not_shown_to_another(page: CoursePage, ask: object, rep: User) -> None:
    """TEN-22: a person who moves to a partner of another type sees what is for that one."""
    member = rep.memberships.get()
    page.partner_types.set([member.partner.partner_type])
    page.save_revision().publish()
    assert links(ask)[page.need]  # type: ignore[arg-type]
    member.partner.partner_type = PartnerTypeFactory(slug="technology")
    member.partner.save(update_fields=["partner_type"])
    vars(rep).pop("_todays_memberships", None)
    assert links(ask) == {}  # type: ignore[arg-type]
