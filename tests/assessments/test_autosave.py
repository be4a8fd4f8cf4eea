"""Autosave: the contract of docs/front-end.md, and what it refuses."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lms.assessments.models import Attempt
from lms.partners.models import Membership
from tests.assessments.factories import (
    right_answer,
    token,
    wrong_answer,
)
from tests.assessments.pages import HOUR, autosave, of_type, url


def test_autosave_answers_by_the_contract(browser: Client, running: Attempt) -> None:
    response = of_type(running, "choice")
    reply = autosave(browser, running, response.position, token(response, "Right"), seq=7)
    body = reply.json()
    assert (reply.status_code, sorted(body)) == (200, ["saved_at", "saved_label", "seconds_left", "seq"])
    assert body["seq"] == 7
    assert 3500 < body["seconds_left"] <= 3540
    assert re.fullmatch(r"\d\d:\d\d", body["saved_label"])
    refused = autosave(browser, running, response.position, token(response, "Wrong"), seq=6)
    assert (refused.status_code, refused.json()["seq"], refused.json()["code"]) == (409, 7, "newer_answer")


def test_autosave_same_nonce_again_is_200(browser: Client, running: Attempt) -> None:
    """EXAM-19."""
    response, nonce = of_type(running, "choice"), str(uuid4())
    replies = [
        autosave(browser, running, response.position, token(response, "Right"), nonce=nonce).json() for _ in range(2)
    ]
    assert replies[0]["saved_at"] == replies[1]["saved_at"]


def test_autosave_of_right_and_wrong_looks_the_same(browser: Client, running: Attempt) -> None:
    """EXAM-02: status, headers, names, and the lengths of the members are alike."""
    for response in running.responses.select_related("item_version"):
        seen = set()
        for seq, answer in ((1, right_answer(response)), (2, wrong_answer(response))):
            reply = autosave(browser, running, response.position, answer, seq=seq)
            body = reply.json()
            assert body.pop("saved_at")
            seen.add((reply.status_code, tuple(sorted(reply.headers)), len(reply.content), tuple(sorted(body))))
        assert len(seen) == 1


def test_autosave_ignores_what_a_client_may_not_say(browser: Client, running: Attempt, other: Membership) -> None:
    """EXAM-14."""
    response, deadline = of_type(running, "choice"), running.deadline_at
    reply = autosave(
        browser,
        running,
        response.position,
        token(response, "Wrong"),
        deadline="2099-01-01",
        time_left=9999,
        extra_time=60,
        score=1,
        points=1,
        user=other.person.pk,
    )
    assert reply.json()["seconds_left"] <= 3600
    running.refresh_from_db()
    stored = of_type(running, "choice")
    assert (running.deadline_at, running.person_id, stored.points) == (deadline, running.person_id, None)


@pytest.mark.parametrize("seq", [2**63, -1, 0, "1", 1.5, None, [1]])
def test_autosave_refuses_impossible_numbers(browser: Client, running: Attempt, seq: Any) -> None:
    """EXAM-19."""
    reply = autosave(browser, running, 1, None, seq=seq)
    assert (reply.status_code, of_type(running, "choice").version) == (400, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"item":"1","seq":1,"nonce":"x","answer":null}',
        b'{"item":"x","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":null}',
        b'{"item":1,"seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":null}',
        b'{"item":"99999999999","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":null}',
        b'{"item":"1","seq":1,"nonce":7,"answer":null}',
        b'{"item":"1","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}',
        b'{"item":"1","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":NaN}',
        b'{"item":"1","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":1e400}',
        b'{"item":"1","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":"\\u0000"}',
        b'{"item":"1","seq":1,"nonce":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","answer":"' + b"x" * 60_000 + b'"}',
    ],
    ids=lambda body: body[:60].decode() + str(len(body)),
)
def test_autosave_refuses_broken_bodies(browser: Client, running: Attempt, body: bytes) -> None:
    """EXAM-30."""
    reply = browser.post(url("save", running), body, content_type="application/json")
    assert reply.status_code == 400
    assert not running.responses.exclude(version=0).exists()


def test_autosave_of_a_question_that_is_not_there(browser: Client, running: Attempt) -> None:
    assert autosave(browser, running, 99, None).status_code == 404


def test_autosave_after_the_deadline_is_refused(browser: Client, running: Attempt) -> None:
    """EXAM-09, EXAM-11: the server's time decides, whatever the client's clock says."""
    response = of_type(running, "choice")
    Attempt.objects.update(started_at=timezone.now() - 2 * HOUR, deadline_at=timezone.now() - HOUR)
    reply = autosave(browser, running, response.position, token(response, "Right"))
    assert (reply.status_code, reply.json()["code"]) == (409, "attempt_over")
    assert of_type(running, "choice").is_answered is False


def test_autosave_takes_constant_queries(browser: Client, running: Attempt) -> None:
    """Session, person, question, answer; the membership that counts is the attempt's own."""
    response = of_type(running, "choice")
    autosave(browser, running, response.position, None)  # the first request writes down from where it comes
    with CaptureQueriesContext(connection) as queries:
        autosave(browser, running, response.position, token(response, "Right"), seq=2)
    assert len(queries) == 4


def test_autosave_needs_the_csrf_token(running: Attempt, member: Membership) -> None:
    """WEB-06."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member.person)
    assert autosave(strict, running, 1, None).status_code == 403
