"""Where lessons are read, for whoever points at them by their activity IRI."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from lms.accounts.models import User
from lms.common import lessons
from tests.courses.factories import lessons as lessons_of
from tests.courses.factories import published
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def asked_by(person: User) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = person
    return request


def test_lessons_lead_to_their_newest_page_and_unknown_ones_nowhere(django_assert_num_queries: object) -> None:
    first = published(2)
    published(2, course=first.course)
    one = lessons_of(first)[0]
    person = MembershipFactory().person
    iris = [one.activity_iri, "https://elsewhere.example/lessons/1", one.activity_iri + "x"]
    found = lessons.links_for(asked_by(person), iris)
    assert found == {one.activity_iri: f"/learn/{first.course.slug}/{one.slug}/"}
    assert lessons.links_for(asked_by(person), []) == {}
    assert lessons.links_for(asked_by(person), ["https://elsewhere.example/1"]) == {}


def test_a_finder_is_registered_once() -> None:
    before = list(lessons._finders)
    lessons.register(before[0])
    assert lessons._finders == before
