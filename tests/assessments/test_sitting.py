"""Sitting an exam: one way, sections with clocks, the grace for answers that waited, the timeline."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.assessments import services
from lms.assessments.errors import AttemptOver, NoSuchItem, OnBreak, QuestionClosed
from lms.assessments.models import Accommodation, Assessment, Attempt, Response
from lms.assessments.services import Told, Visit
from lms.partners.models import Membership, Partner
from tests.assessments.factories import SENTINEL, make_bank, make_exam, one_of_each, right_answer, start
from tests.assessments.pages import autosave, url
from tests.factories import MembershipFactory, PartnerFactory

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECOND = timedelta(seconds=1)


def put(attempt: Attempt, position: int, at: datetime, version: int = 1, **more: Any) -> Response:
    response = attempt.responses.select_related("item_version").get(position=position)
    return services.save_response(
        attempt=attempt,
        position=position,
        answer=right_answer(response),
        version=version,
        nonce=more.pop("nonce", None) or uuid4(),
        at=at,
        **more,
    )


def sectioned(first: int | None = 20, second: int | None = 20, **values: Any) -> Assessment:
    """Two sections of two questions."""
    exam = make_exam(make_bank(), draw=2, **values)
    exam.sections.update(title="One", time_limit_minutes=first)
    exam.sections.create(position=2, title="Two", bank=make_bank(), draw=2, time_limit_minutes=second)
    return exam


# --- the grace ---


@pytest.fixture
def graced(member: Membership, now: datetime) -> Attempt:
    """An hour from `now`, and a minute of grace."""
    return start(make_exam(grace_seconds=60), member, now)


def test_answers_that_waited_are_taken_within_the_grace(graced: Attempt, now: datetime) -> None:
    """EXAM-09: marked for the reviewer; what did not wait, or comes later, is refused."""
    with pytest.raises(AttemptOver):
        put(graced, 1, now + HOUR + SECOND)
    assert put(graced, 1, now + HOUR + 60 * SECOND, is_queued=True).is_late is True
    assert put(graced, 2, now + HOUR, is_queued=True).is_late is False
    with pytest.raises(AttemptOver):
        put(graced, 3, now + HOUR + 61 * SECOND, is_queued=True)
    assert list(graced.events.values_list("kind", "detail").order_by("number")) == [
        ("started", {}),
        ("late_answer", {"item": 1}),
    ]


def test_the_sweep_waits_for_the_grace(graced: Attempt, now: datetime) -> None:
    put(graced, 1, now + HOUR + 30 * SECOND, is_queued=True)
    assert services.close_overdue(now + HOUR + 60 * SECOND) == 0
    assert services.close_overdue(now + HOUR + 61 * SECOND) == 1
    graced.refresh_from_db()
    assert (graced.points, graced.submitted_at) == (1, now + HOUR)


def test_a_new_start_does_not_score_before_the_grace_is_over(
    graced: Attempt, member: Membership, now: datetime
) -> None:
    assert start(graced.assessment, member, now + HOUR + 30 * SECOND) == graced


def test_no_grace_after_handing_in(graced: Attempt, now: datetime) -> None:
    services.submit_attempt(attempt=graced, at=now)
    with pytest.raises(AttemptOver):
        put(graced, 1, now, is_queued=True)


def test_the_page_says_what_was_taken(browser: Client, member: Membership) -> None:
    now = timezone.now()
    attempt = start(make_exam(grace_seconds=600), member, now - HOUR - MINUTE)
    put(attempt, 1, now - 2 * MINUTE)
    late = attempt.responses.select_related("item_version").get(position=2)
    reply = autosave(browser, attempt, 2, right_answer(late), queued=True)
    assert (reply.status_code, reply.json()["is_late"], reply.json()["seconds_left"]) == (200, True, 0)
    assert autosave(browser, attempt, 3, None).status_code == 409
    page = browser.get(url("result", attempt))
    assert 500 < int(page["Refresh"]) <= 541
    assert "answers to 2 of 4 questions; 1 of them arrived after the end" in " ".join(page.content.decode().split())
    assert browser.get(url("item", attempt, 1))["Location"] == url("result", attempt)
    assert browser.post(url("submit", attempt))["Location"] == url("result", attempt)
    assert "1 of them arrived after the end" in browser.get(url("result", attempt)).content.decode()


# --- one way ---


def test_one_way_takes_only_the_open_question(member: Membership, now: datetime) -> None:
    attempt = start(make_exam(is_linear=True), member, now)
    nonce = uuid4()
    put(attempt, 1, now, nonce=nonce)
    with pytest.raises(QuestionClosed):
        put(attempt, 2, now)
    services.pass_question(attempt=attempt, position=1)
    services.pass_question(attempt=attempt, position=1)
    put(attempt, 2, now)
    with pytest.raises(QuestionClosed):
        put(attempt, 1, now, version=2)
    assert put(attempt, 1, now, nonce=nonce).version == 1  # a replay is harmless


def test_one_way_is_held_by_the_server(browser: Client, member: Membership) -> None:
    attempt = start(make_exam(is_linear=True), member, timezone.now())
    for position in (2, 4, 99):
        assert browser.get(url("item", attempt, position))["Location"] == url("item", attempt, 1)
        assert browser.post(url("item", attempt, position), {"seq": "x"})["Location"] == url("item", attempt, 1)
        assert browser.post(url("flag", attempt, position), {"flag": "1"})["Location"] == url("item", attempt, 1)
    words = browser.get(url("item", attempt, 1)).content.decode()
    assert url("item", attempt, 2) not in words
    for position in (1, 2, 3):
        assert browser.post(url("item", attempt, position), {"go": "next"})["Location"] == url(
            "item", attempt, position + 1
        )
    assert browser.get(url("item", attempt, 3))["Location"] == url("item", attempt, 4)
    assert browser.post(url("item", attempt, 3), {"go": "next"})["Location"] == url("item", attempt, 4)
    assert browser.post(url("item", attempt, 4), {"go": "next"})["Location"] == url("review", attempt)
    assert browser.get(url("item", attempt, 4))["Location"] == url("review", attempt)
    assert "The questions you left stay as they are" in browser.get(url("review", attempt)).content.decode()


# --- sections ---


def test_sections_follow_their_clocks(member: Membership, now: datetime) -> None:
    attempt = start(sectioned(), member, now)
    assert attempt.deadline_at == now + 40 * MINUTE
    for minutes, positions in ((0, (1, 2)), (20, (1, 2)), (21, (3, 4)), (40, (3, 4)), (41, ())):
        assert tuple(services.open_positions(attempt, now + minutes * MINUTE)) == positions
    put(attempt, 1, now)
    with pytest.raises(QuestionClosed):
        put(attempt, 3, now)
    put(attempt, 3, now + 21 * MINUTE)
    with pytest.raises(QuestionClosed):
        put(attempt, 1, now + 21 * MINUTE, version=2)


def test_answers_of_a_section_that_waited_are_taken_within_the_grace(member: Membership, now: datetime) -> None:
    attempt = start(sectioned(grace_seconds=60), member, now)
    assert put(attempt, 1, now + 20 * MINUTE + 59 * SECOND, is_queued=True).is_late is True
    with pytest.raises(QuestionClosed):
        put(attempt, 2, now + 20 * MINUTE + 61 * SECOND, is_queued=True)
    assert put(attempt, 4, now + 40 * MINUTE + 59 * SECOND, is_queued=True).is_late is True
    with pytest.raises(QuestionClosed):
        put(attempt, 1, now + 40 * MINUTE + 59 * SECOND, version=2, is_queued=True)


def test_a_section_is_finished_once(member: Membership, now: datetime) -> None:
    attempt = start(sectioned(second=None), member, now)
    for _ in range(2):
        services.finish_section(attempt=attempt, index=0, at=now + 5 * MINUTE)
    attempt.refresh_from_db()
    clock = services.section_clock(attempt, now + 5 * MINUTE)
    assert clock is not None
    assert (clock.index, clock.ends_at, clock.is_last) == (1, None, True)
    services.finish_section(attempt=attempt, index=1, at=now + 6 * MINUTE)
    assert tuple(services.open_positions(attempt, now + 50 * MINUTE)) == (3, 4)
    assert attempt.deadline_at == now + HOUR


def test_extra_time_and_breaks_hold_for_sections(member: Membership, now: datetime) -> None:
    granted = Accommodation(person=member.person, extra_percent=50, break_minutes=10)
    services.grant_accommodation(accommodation=granted, by=member.person, at=now)
    attempt = start(sectioned(), member, now)
    clock = services.section_clock(attempt, now)
    assert clock is not None
    assert clock.ends_at == now + 30 * MINUTE
    attempt = services.start_break(attempt=attempt, at=now + 10 * MINUTE)
    with pytest.raises(OnBreak):
        put(attempt, 1, now + 11 * MINUTE)
    assert tuple(services.open_positions(attempt, now + 19 * MINUTE)) == (1, 2)
    assert tuple(services.open_positions(attempt, now + 40 * MINUTE)) == (1, 2)  # the break ended by itself
    attempt = services.end_break(attempt=attempt, at=now + 14 * MINUTE)
    assert tuple(services.open_positions(attempt, now + 34 * MINUTE)) == (1, 2)
    assert tuple(services.open_positions(attempt, now + 34 * MINUTE + SECOND)) == (3, 4)


def test_section_pages(browser: Client, member: Membership) -> None:
    attempt = start(sectioned(), member, timezone.now())
    assert browser.get(url("item", attempt, 3))["Location"] == url("item", attempt, 1)
    assert 'data-of="section"' in browser.get(url("item", attempt, 1)).content.decode()
    assert browser.post(url("item", attempt, 2), {"go": "next"})["Location"] == url("review", attempt)
    assert "Finish this section" in browser.get(url("review", attempt)).content.decode()
    assert autosave(browser, attempt, 3, None).json()["code"] == "question_closed"
    assert autosave(browser, attempt, 1, None).json()["section_seconds_left"] > 1100
    for index in ("0", "0", "x", ""):
        assert browser.post(url("finish_section", attempt), {"section": index})["Location"] == url("item", attempt, 3)
    assert browser.get(url("item", attempt, 1))["Location"] == url("item", attempt, 3)


# --- pages around ---


def test_break_pages(browser: Client, member: Membership) -> None:
    granted = Accommodation(person=member.person, break_minutes=5, is_large=True)
    services.grant_accommodation(accommodation=granted, by=member.person, at=timezone.now())
    attempt = start(make_exam(), member, timezone.now())
    words = browser.get(url("item", attempt, 1)).content.decode()
    assert "Take a break (5 min left)" in words
    assert "exam-large" in words
    assert browser.post(url("break", attempt), {"break": "start"}).status_code == 200
    assert browser.get(url("item", attempt, 1))["Location"] == url("break", attempt)
    page = browser.get(url("break", attempt)).content.decode()
    assert "You are on a break" in page
    assert "Question 1" not in page
    assert autosave(browser, attempt, 1, None).json()["code"] == "on_break"
    assert browser.post(url("break", attempt), {"break": "end"})["Location"] == url("item", attempt, 1)
    assert browser.get(url("break", attempt))["Location"] == url("item", attempt, 1)


def test_a_break_that_is_not_granted(browser: Client, running: Attempt) -> None:
    assert browser.post(url("break", running), {"break": "start"})["Location"] == url("item", running, 1)
    assert "no break left" in browser.get(url("item", running, 1)).content.decode()


def test_the_desk_has_what_the_exam_gives(browser: Client, member: Membership, settings: Any, tmp_path: Any) -> None:
    exam = make_exam(has_calculator=True, asks_confidence=True)
    by, now = member.person, timezone.now()
    pdf = services.add_document(assessment=exam, title="Data sheet", data=b"%PDF-1.7 x", by=by, at=now)
    attempt = start(exam, member, now)
    words = browser.get(url("item", attempt, 1)).content.decode()
    for part in ("data-calculator", "Data sheet", "How sure are you?"):
        assert part in words
    page = browser.get(url("document", attempt, pdf.public_id))
    assert b"".join(page.streaming_content) == b"%PDF-1.7 x"
    assert (page.status_code, page["Content-Type"], page["Cache-Control"]) == (
        200,
        "application/pdf",
        "private, no-store",
    )
    autosave(browser, attempt, 1, None, confidence="guess")
    assert attempt.responses.get(position=1).confidence == "guess"
    autosave(browser, attempt, 1, None, seq=2, confidence=["evil"])
    assert attempt.responses.get(position=1).confidence == ""
    services.submit_attempt(attempt=attempt, at=timezone.now())
    assert browser.get(url("document", attempt, pdf.public_id)).status_code == 302
    other = start(make_exam(), member, timezone.now())
    assert browser.get(url("document", other, pdf.public_id)).status_code == 404


def test_start_page_asks_for_code_and_honour(browser: Client, member: Membership) -> None:
    from tests.assessments.test_settings import coded

    exam = coded(honour_code="I work <b>alone</b>.")
    address = reverse("assessments:start", args=[exam.slug])
    words = browser.get(address).content.decode()
    assert "I work &lt;b&gt;alone&lt;/b&gt;." in words
    assert "Access code" in words
    assert "Blue Heron" not in words
    assert browser.post(address, {"access_code": "Blue Heron 7"}).status_code == 400
    assert browser.post(address, {"access_code": "no", "agree": "1"}).status_code == 403
    assert browser.post(address, {"access_code": "blue heron 7", "agree": "1"}).status_code == 302


def test_pages_and_saves_from_elsewhere_are_refused(browser: Client, member: Membership) -> None:
    attempt = start(make_exam(), member, timezone.now())
    Assessment.objects.update(networks="203.0.113.0/24")
    assert browser.get(url("item", attempt, 1)).status_code == 403
    reply = autosave(browser, attempt, 1, None)
    assert (reply.status_code, reply.json()["code"]) == (403, "outside_network")
    exam = Assessment.objects.get()
    assert (
        browser.post(reverse("assessments:start", args=[exam.slug])).status_code == 302
    )  # it is open; its pages are not
    Assessment.objects.update(networks="127.0.0.0/8")
    assert browser.get(url("item", attempt, 1)).status_code == 200


def test_safe_exam_browser_by_its_headers_and_its_script(browser: Client, member: Membership) -> None:
    from tests.assessments.test_settings import KEY, hashed

    exam = make_exam(seb_config_keys=KEY)
    address = reverse("assessments:start", args=[exam.slug])
    full = f"http://testserver{address}"
    assert browser.post(address).status_code == 403
    headers = {"X-SafeExamBrowser-ConfigKeyHash": hashed(KEY, full)}
    begun = browser.post(address, headers=headers)
    assert begun.status_code == 302
    assert browser.get(begun["Location"], headers=headers).status_code == 403  # a hash is for one address
    proof = reverse("assessments:browser", args=[exam.slug])

    def prove(page: str, key: str = KEY) -> int:
        body = {"url": page, "config": hashed(key, page), "exam": ""}
        return browser.post(proof, json.dumps(body), content_type="application/json").status_code

    assert prove(full, "c3" * 32) == 403
    assert prove("http://elsewhere.example" + address) == 403
    assert prove("http://testserver/accounts/login/") == 403
    assert browser.post(proof, b"[", content_type="application/json").status_code == 400
    assert browser.get(begun["Location"]).status_code == 403
    assert (prove(full), prove(full)) == (204, 204)
    assert browser.get(begun["Location"]).status_code == 200
    Assessment.objects.update(seb_config_keys="c3" * 32)
    assert browser.get(begun["Location"]).status_code == 403  # proved for other keys


def test_answers_are_shown_as_the_exam_says(browser: Client, member: Membership) -> None:
    now = timezone.now()
    exam = make_exam(make_bank(one_of_each()), closed_at=now + HOUR)
    attempt = start(exam, member, now - HOUR / 2)
    for position in range(1, 11):
        put(attempt, position, now - HOUR / 2)
    address = url("answers", attempt)
    Assessment.objects.update(review_shows="feedback")
    assert browser.get(address).status_code == 404
    services.submit_attempt(attempt=attempt, at=now)
    page = browser.get(address).content.decode()
    assert SENTINEL in page
    assert "1 of 1 points" in page
    attempt.responses.filter(position=1).update(is_dropped=True)
    assert "taken out of the exam" in browser.get(address).content.decode()
    assert "Look at your answers" in browser.get(url("result", attempt)).content.decode()
    Assessment.objects.update(review_shows="answers")
    assert SENTINEL not in browser.get(address).content.decode()
    Assessment.objects.update(review_when="after_close")
    assert browser.get(address).status_code == 404
    Assessment.objects.update(closed_at=now)
    assert browser.get(address).status_code == 200
    Assessment.objects.update(review_shows="")
    assert browser.get(address).status_code == 404


def test_a_held_result_is_on_no_page_and_in_no_answer(browser: Client, member: Membership) -> None:
    exam = make_exam(is_result_held=True, review_shows="feedback")
    attempt = start(exam, member, timezone.now())
    for position in range(1, 5):
        put(attempt, position, timezone.now())
    services.submit_attempt(attempt=attempt, at=timezone.now())
    words = browser.get(url("result", attempt)).content.decode()
    assert "Your exam is handed in" in words
    for telling in ("You passed", "4 of 4 points", "100%"):
        assert telling not in words
    assert "not released yet" in browser.get(reverse("assessments:start", args=[exam.slug])).content.decode()
    told = browser.get(f"/api/v1/attempts/{attempt.public_id}/").json()
    assert (told["points"], told["max_points"], told["is_passed"], told["sections"]) == (None, None, None, [])
    assert browser.get("/api/v1/exams/").json()["results"][0]["mine"]["state"] == "held"
    assert browser.get(url("answers", attempt)).status_code == 404


# --- the timeline ---


def test_browsers_tell_what_they_see(browser: Client, running: Attempt) -> None:
    body = {"events": [{"kind": "focus_lost", "item": 2}, {"kind": "focus_back", "item": 2, "seconds": 7}]}
    page = browser.post(url("events", running), json.dumps(body), content_type="application/json")
    assert page.status_code == 204
    told = list(running.events.order_by("number").values_list("kind", "detail"))
    assert told == [("started", {}), ("focus_lost", {"item": 2}), ("focus_back", {"item": 2, "seconds": 7})]
    assert services.broken_event(list(running.events.order_by("number"))) is None


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"events": 1}', '{"events": [1]}', '{"events": [{"kind": "handed_in"}]}', '{"events": [{}]}'],
)
def test_browsers_tell_nothing_else(browser: Client, running: Attempt, body: str) -> None:
    assert browser.post(url("events", running), body, content_type="application/json").status_code == 400
    assert running.events.count() == 1


def test_events_are_bounded(attempt: Attempt, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    assert services.tell_events(attempt=attempt, told=[Told(kind="paste")] * 80, at=now) == 50
    monkeypatch.setattr("lms.assessments.services.integrity.MAX_EVENTS", 51)
    assert services.tell_events(attempt=attempt, told=[Told(kind="paste")], at=now) == 0
    with pytest.raises(NoSuchItem):
        services.tell_events(attempt=attempt, told=[Told(kind="started")], at=now)
    services.submit_attempt(attempt=attempt, at=now)
    assert services.tell_events(attempt=attempt, told=[Told(kind="paste")], at=now) == 0


@pytest.mark.parametrize("harm", ["change", "take", "put", "move"])
def test_a_timeline_that_was_tampered_with_shows(attempt: Attempt, now: datetime, harm: str) -> None:
    services.tell_events(attempt=attempt, told=[Told(kind="paste", item=n) for n in (1, 2, 3)], at=now)
    events = attempt.events.order_by("number")
    assert services.broken_event(list(events.all())) is None
    match harm:
        case "change":
            events.filter(number=2).update(detail={"item": 9})
        case "take":
            events.filter(number=2).delete()
        case "put":
            forged = events.get(number=4)
            forged.pk, forged.number = None, 5
            forged.save()
        case _:
            events.filter(number=3).update(at=now + HOUR)
    assert services.broken_event(list(events.all())) is not None


def test_a_timeline_holds_when_the_key_is_renewed(attempt: Attempt, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-some-length-for-this-test"
    assert services.broken_event(list(attempt.events.order_by("number"))) is None


def test_another_network_and_browser_are_written_down(attempt: Attempt, now: datetime) -> None:
    """EXAM-38: seen by a person, never refused by itself."""
    for visit in (
        Visit(network="192.0.2.1", agent="a"),
        Visit(network="192.0.2.1", agent="a"),
        Visit(network="192.0.2.2", agent="b"),
    ):
        services.note_visit(attempt=attempt, visit=visit, at=now)
    assert list(attempt.events.order_by("number").values_list("kind", flat=True)) == [
        "started",
        "network_changed",
        "agent_changed",
    ]


# --- the save ---


def test_people_of_a_suspended_partner_save_nothing(browser: Client, running: Attempt) -> None:
    """The save asks for the membership itself; the twin of the middleware's refusal."""
    Partner.objects.update(suspended_at=timezone.now(), suspended_by=running.person, suspension_reason="x")
    reply = autosave(browser, running, 1, None)
    assert (reply.status_code, reply.json()["code"]) == (403, "partner_suspended")
    assert browser.get(url("item", running, 1)).status_code == 403
    assert browser.post(url("submit", running)).status_code == 403
    assert browser.post(url("break", running), {"break": "start"}).status_code == 403
    running.refresh_from_db()
    assert (running.submitted_at, running.paused_at) == (None, None)


@pytest.mark.parametrize("sat_in", ["an ended membership", "none"])
def test_without_the_membership_of_the_attempt_the_others_decide(
    browser: Client, running: Attempt, sat_in: str
) -> None:
    partner = PartnerFactory(suspended_at=timezone.now(), suspended_by=running.person, suspension_reason="x")
    MembershipFactory(person=running.person, partner=partner, starts_on=date(2020, 1, 1))
    if sat_in == "none":
        Attempt.objects.filter(pk=running.pk).update(membership=None)
    Membership.objects.filter(person=running.person).exclude(partner=partner).update(
        ends_on=date(2026, 1, 1), ended_at=timezone.now()
    )
    assert autosave(browser, running, 1, None).status_code == 403
    assert browser.get(url("item", running, 1)).status_code == 403
    MembershipFactory(person=running.person, starts_on=date(2020, 1, 1))
    assert browser.get(url("item", running, 1)).status_code == 200
