"""The API of exams: my state, my attempts, no keys."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lms.assessments import services
from lms.assessments.models import Assessment
from lms.partners.models import Membership
from tests.assessments.factories import (
    answer_all,
    make_exam,
    start,
)
from tests.factories import PersonaFactory


def test_api_lists_exams_with_my_state(browser: Client, exam: Assessment, member: Membership) -> None:
    hidden = make_exam()
    hidden.personas.add(PersonaFactory(slug="engineer"))
    attempt = start(exam, member, timezone.now())
    (found,) = browser.get("/api/v1/exams/").json()["results"]
    assert (found["slug"], found["cut_score"]) == (exam.slug, "70.00")
    assert found["mine"]["state"] == "open"
    assert found["mine"]["attempts_left"] == 1
    assert found["mine"]["attempt"] == str(attempt.public_id)


def test_api_exam_without_attempt(browser: Client, exam: Assessment) -> None:
    assert browser.get("/api/v1/exams/").json()["results"][0]["mine"] == {
        "state": "available",
        "attempts_left": 2,
        "until": None,
        "attempt": None,
    }


def test_api_shows_my_attempts_only(browser: Client, client: Client, exam, member, other) -> None:
    attempt = start(exam, member, timezone.now())
    answer_all(attempt, timezone.now())
    services.submit_attempt(attempt=attempt, at=timezone.now())
    foreign = start(exam, other, timezone.now())
    (found,) = browser.get("/api/v1/attempts/").json()["results"]
    assert (found["id"], found["points"], found["is_passed"]) == (str(attempt.public_id), "4.0000", True)
    detail = browser.get(f"/api/v1/attempts/{attempt.public_id}/").json()
    assert detail["sections"] == [{"title": "All", "points": "4.0000", "max_points": "4.0000"}]
    assert browser.get(f"/api/v1/attempts/{foreign.public_id}/").status_code == 404
    client.logout()
    assert client.get("/api/v1/attempts/").status_code in {401, 403}


@pytest.mark.parametrize("path", ["/api/v1/exams/", "/api/v1/attempts/"])
def test_api_lists_take_constant_queries(browser: Client, member: Membership, path: str) -> None:
    counts = []
    for number in (1, 2):
        for _ in range(number):
            start(make_exam(), member, timezone.now())
        with CaptureQueriesContext(connection) as queries:
            assert len(browser.get(path).json()["results"]) == (1 if number == 1 else 3)
        counts.append(len(queries))
    assert counts[0] == counts[1]
