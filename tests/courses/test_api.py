"""/api/v1/enrolments/: the same services and permissions as the pages."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from courses import services
from courses.models import Course, Enrolment
from lms.accounts.models import User
from lms.partners.models import Membership
from tests.courses.factories import enrolled, lessons, published
from tests.factories import MembershipFactory, PersonaFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/enrolments/"


@pytest.fixture
def membership() -> Membership:
    made: Membership = MembershipFactory()
    return made


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def post(client: Client, url: str, **data: Any) -> Any:
    return client.post(url, data, content_type="application/json")


def test_nobody_is_refused(membership: Membership) -> None:
    assert Client().get(URL).status_code in {401, 403}
    assert post(Client(), URL, course="x").status_code in {401, 403}


def test_my_enrolments_with_progress(membership: Membership, now: datetime) -> None:
    version = published(2, 1)
    enrolment = enrolled(version, membership)
    enrolled(published(1))
    services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
    assert signed_in(membership.person).get(URL).json()["results"] == [
        {
            "id": str(enrolment.public_id),
            "course": str(version.course.public_id),
            "course_slug": version.course.slug,
            "title": "Sizing Halden",
            "enrolled_at": "2026-11-01T09:00:00Z",
            "completed_at": None,
            "withdrawn_at": None,
            "lessons_done": 1,
            "lessons_total": 3,
            "minutes_left": 10,
            "next_lesson": {"slug": "lesson-2", "title": "Lesson 2", "minutes": 5},
        }
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_the_same_queries_for_one_and_three(
    count: int, membership: Membership, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        enrolled(published(2), membership)
    client = signed_in(membership.person)
    client.get(URL)
    with django_assert_num_queries(LIST_QUERIES):
        assert len(client.get(URL).json()["results"]) == count


LIST_QUERIES = 6


def test_detail_lists_lessons_with_their_state(membership: Membership, now: datetime) -> None:
    version = published(2)
    enrolment = enrolled(version, membership)
    services.complete_lesson(enrolment=enrolment, lesson=lessons(version)[0], at=now)
    body = signed_in(membership.person).get(f"{URL}{enrolment.public_id}/").json()
    assert [(one["slug"], one["is_done"]) for one in body["lessons"]] == [("lesson-1", True), ("lesson-2", False)]


def test_foreign_enrolments_are_not_found(membership: Membership) -> None:
    enrolment = enrolled(published(1))
    manager = MembershipFactory(partner=enrolment.membership.partner, role="manager").person
    for person in (membership.person, manager):
        client = signed_in(person)
        assert client.get(f"{URL}{enrolment.public_id}/").status_code == 404
        assert post(client, f"{URL}{enrolment.public_id}/withdraw/").status_code == 404
        assert post(client, f"{URL}{enrolment.public_id}/lessons/lesson-1/complete/").status_code == 404
    enrolment.refresh_from_db()
    assert enrolment.withdrawn_at is None


def test_enrolling_twice_answers_with_one_enrolment(membership: Membership) -> None:
    course = published(1).course
    client = signed_in(membership.person)
    answers = [post(client, URL, course=str(course.public_id)) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Enrolment.objects.get().membership == membership


def test_enrolling_where_one_may_not_is_refused(membership: Membership, now: datetime) -> None:
    client = signed_in(membership.person)
    hidden = published(1).course
    hidden.personas.add(PersonaFactory(slug="executive"))
    retired = published(1).course
    services.retire_course(course=retired, by=None, at=now)
    codes = {
        name: post(client, URL, course=value).status_code
        for name, value in {
            "hidden": str(hidden.public_id),
            "retired": str(retired.public_id),
            "unknown": "00000000-0000-4000-8000-000000000000",
            "wrong": "not-a-uuid",
            "number": 7,
        }.items()
    }
    assert codes == {"hidden": 404, "retired": 403, "unknown": 404, "wrong": 400, "number": 404}
    assert not Enrolment.objects.exists()


def test_extra_fields_change_nothing(membership: Membership) -> None:
    other = UserFactory()
    data = {"person": str(other.public_id), "completed_at": "2020-01-01T00:00:00Z", "lessons_done": 9}
    answer = post(signed_in(membership.person), URL, course=str(published(1).course.public_id), **data)
    assert (answer.json()["completed_at"], answer.json()["lessons_done"]) == (None, 0)
    assert Enrolment.objects.get().person == membership.person


def test_completing_lessons_to_the_end(membership: Membership) -> None:
    enrolment = enrolled(published(2), membership)
    client = signed_in(membership.person)
    for slug in ("lesson-1", "lesson-2", "lesson-2"):
        answer = post(client, f"{URL}{enrolment.public_id}/lessons/{slug}/complete/")
    body = answer.json()
    assert (body["lessons_done"], body["next_lesson"], body["completed_at"] is None) == (2, None, False)
    assert post(client, f"{URL}{enrolment.public_id}/lessons/nothing/complete/").status_code == 404
    refused = post(client, f"{URL}{enrolment.public_id}/withdraw/")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:laurel:problem:course_already_completed")


def test_withdrawn_enrolment_takes_nothing_more(membership: Membership) -> None:
    enrolment = enrolled(published(1), membership)
    client = signed_in(membership.person)
    assert post(client, f"{URL}{enrolment.public_id}/withdraw/").json()["withdrawn_at"] is not None
    answer = post(client, f"{URL}{enrolment.public_id}/lessons/lesson-1/complete/")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:laurel:problem:enrolment_closed")


def test_catalogue_shows_what_is_open_to_me(membership: Membership, now: datetime) -> None:
    version = published(2, 1)
    hidden = published(1).course
    hidden.personas.add(PersonaFactory(slug="executive"))
    retired = published(1).course
    services.retire_course(course=retired, by=None, at=now)
    client = signed_in(membership.person)
    row = {
        "id": str(version.course.public_id),
        "slug": version.course.slug,
        "title": "Sizing Halden",
        "promise": "You can size it.",
        "need": "get-certified",
        "personas": [],
        "minutes": 15,
        "lessons": 3,
    }
    assert client.get("/api/v1/catalogue/").json()["results"] == [row]
    assert client.get("/api/v1/catalogue/?need=close-a-deal").json()["results"] == []
    assert client.get("/api/v1/catalogue/?need=nonsense").status_code == 400
    detail = client.get(f"/api/v1/catalogue/{version.course.public_id}/").json()
    assert {name: detail[name] for name in row} == row
    assert [len(module["lessons"]) for module in detail["modules"]] == [2, 1]
    assert detail["modules"][0]["objectives"] == ["Know 1"]
    assert client.get(f"/api/v1/catalogue/{hidden.public_id}/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_catalogue_takes_the_same_queries_for_one_and_three(
    count: int, membership: Membership, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        published(2)
    client = signed_in(membership.person)
    client.get("/api/v1/catalogue/")
    with django_assert_num_queries(CATALOGUE_QUERIES):
        assert len(client.get("/api/v1/catalogue/").json()["results"]) == count
    assert Course.objects.count() == count


CATALOGUE_QUERIES = 6
