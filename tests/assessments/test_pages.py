"""The pages of an exam."""

import re
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.assessments import services
from lms.assessments.models import Assessment, Attempt
from lms.partners.models import Membership
from tests.assessments.factories import (
    SENTINEL,
    answer_all,
    make_bank,
    make_exam,
    one_of_each,
    right_answer,
    save,
    start,
    token,
)
from tests.assessments.pages import HOUR, autosave, of_type, posted, url
from tests.factories import PersonaFactory


def test_start_page_tells_the_rules(browser: Client, exam: Assessment) -> None:
    page = browser.get(reverse("assessments:start", args=[exam.slug]))
    words = page.content.decode()
    assert page["Cache-Control"] == "no-store, private"
    for part in ("60 minutes", "4 questions", "70%", "2 attempts", "you wait 24 hours", "Start exam"):
        assert part in words


def test_start_page_starts_once(browser: Client, exam: Assessment) -> None:
    address = reverse("assessments:start", args=[exam.slug])
    first, second = browser.post(address), browser.post(address)
    assert first["Location"] == second["Location"] == url("item", Attempt.objects.get(), 1)
    assert "Continue exam" in browser.get(address).content.decode()


def test_start_page_is_hidden_from_other_personas(browser: Client, exam: Assessment, member: Membership) -> None:
    exam.personas.add(PersonaFactory(slug="engineer"))
    address = reverse("assessments:start", args=[exam.slug])
    assert member.person.has_perm("assessments.sit", exam) is False
    assert (browser.get(address).status_code, browser.post(address).status_code) == (404, 404)
    exam.personas.add(member.persona)
    assert browser.get(address).status_code == 200


def test_start_page_refuses_the_wrong_membership(
    browser: Client, exam: Assessment, member: Membership, settings
) -> None:
    """Of two partners, the one in use decides: seen, but refused with the reason."""
    from tests.factories import MembershipFactory

    engineer = PersonaFactory(slug="engineer")
    exam.personas.add(engineer)
    MembershipFactory(person=member.person, persona=engineer)
    session = browser.session
    session["membership"] = str(member.public_id)
    session.save()
    page = browser.post(reverse("assessments:start", args=[exam.slug]))
    assert page.status_code == 403
    assert "other roles" in page.content.decode()


def test_start_page_asks_to_sign_in(client: Client, exam: Assessment) -> None:
    assert client.get(reverse("assessments:start", args=[exam.slug])).status_code == 302


@pytest.mark.parametrize(
    ("right", "attempts", "status", "words"),
    [
        (4, 2, 409, "You have passed this exam"),
        (0, 2, 409, "You can start again on"),
        (0, 1, 409, "You have used all your attempts"),
    ],
)
def test_start_page_says_why_not(
    browser: Client, member: Membership, right: int, attempts: int, status: int, words: str
) -> None:
    exam = make_exam(attempts_allowed=attempts)
    attempt = start(exam, member, timezone.now())
    answer_all(attempt, timezone.now(), right)
    services.submit_attempt(attempt=attempt, at=timezone.now())
    address = reverse("assessments:start", args=[exam.slug])
    assert words in browser.get(address).content.decode()
    refused = browser.post(address)
    assert refused.status_code == status
    assert words in refused.content.decode()


def test_start_page_of_a_closed_exam(browser: Client, exam: Assessment) -> None:
    Assessment.objects.update(closed_at=timezone.now())
    address = reverse("assessments:start", args=[exam.slug])
    assert "This exam is not open" in browser.get(address).content.decode()
    assert browser.post(address).status_code == 409
    assert not Attempt.objects.exists()


def test_item_pages_show_every_type_and_no_key(browser: Client, running: Attempt) -> None:
    """EXAM-01, EXAM-03: no key, no validator of caches, nothing stored."""
    for response in running.responses.all():
        page = browser.get(url("item", running, response.position))
        assert page.status_code == 200
        assert (page.has_header("ETag"), page.has_header("Last-Modified")) == (False, False)
        assert page["Cache-Control"] == "no-store, private"
        words = page.content.decode()
        assert SENTINEL not in words
        for option in response.item_version.content.get("options", []):
            assert option["id"] not in words


def test_no_response_before_the_end_holds_a_key(browser: Client, running: Attempt) -> None:
    """EXAM-01, EXAM-06: every address of an open attempt, pages, JSON and API."""
    response = running.responses.first()
    pages = [
        browser.get(reverse("assessments:start", args=[running.assessment.slug])),
        browser.get(url("review", running)),
        browser.get(url("result", running), follow=True),
        browser.post(url("flag", running, 1), {"flag": "1"}, follow=True),
        autosave(browser, running, response.position, None),
        browser.get("/api/v1/exams/"),
        browser.get("/api/v1/attempts/"),
        browser.get(f"/api/v1/attempts/{running.public_id}/"),
    ]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert SENTINEL not in "".join(page.content.decode() for page in pages)


def test_item_form_saves_and_goes_on(browser: Client, running: Attempt) -> None:
    """Works without JavaScript: each type is saved by the plain form."""
    for response in running.responses.select_related("item_version").order_by("position"):
        data = posted(response, right_answer(response), go="next")
        page = browser.post(url("item", running, response.position), data)
        last = response.position == running.responses.count()
        expected = url("review", running) if last else url("item", running, response.position + 1)
        assert page["Location"] == expected
    assert browser.post(url("submit", running))["Location"] == url("result", running)
    running.refresh_from_db()
    assert (running.points, running.max_points) == (10, 10)


def test_item_form_goes_back_and_to_the_review(browser: Client, running: Attempt) -> None:
    assert browser.post(url("item", running, 2), {"go": "previous"})["Location"] == url("item", running, 1)
    assert browser.post(url("item", running, 1), {"go": "previous"})["Location"] == url("review", running)
    assert browser.post(url("item", running, 2), {"go": "review"})["Location"] == url("review", running)


def test_item_form_without_a_nonce_saves_nothing(browser: Client, running: Attempt) -> None:
    """With JavaScript, autosave has brought the answer; the form only goes on."""
    response = of_type(running, "choice")
    data = posted(response, token(response, "Right"), nonce="", go="next")
    assert browser.post(url("item", running, response.position), data).status_code == 302
    assert of_type(running, "choice").version == 0


def test_item_form_of_an_old_tab_is_told(browser: Client, running: Attempt, member: Membership) -> None:
    """EXAM-18: the newer answer stays, and the page shows it and says so."""
    response = of_type(running, "choice")
    data = posted(response, token(response, "Wrong"), go="next")
    save(running, response.position, token(response, "Right"), timezone.now(), version=1)
    page = browser.post(url("item", running, response.position), data)
    assert page.status_code == 409
    words = page.content.decode()
    assert "newer answer" in words
    assert re.search(rf'value="{token(response, "Right")}" checked', words)


@pytest.mark.parametrize(("name", "typed"), [("numeric", "about ten"), ("numeric", "1e400")])
def test_item_form_keeps_what_was_typed(browser: Client, running: Attempt, name: str, typed: str) -> None:
    response = of_type(running, name)
    page = browser.post(url("item", running, response.position), posted(response, typed, go="next"))
    assert page.status_code == 400
    assert f'value="{typed}"' in page.content.decode()
    assert "Write one number" in page.content.decode()


def test_item_form_with_a_place_given_twice_keeps_the_places(browser: Client, running: Attempt) -> None:
    response = of_type(running, "ordering")
    data = posted(response, right_answer(response), go="next")
    data |= {name: "2" for name in data if name.startswith("answer-")}
    page = browser.post(url("item", running, response.position), data)
    assert page.status_code == 400
    assert page.content.decode().count("<option selected>2</option>") == 3


def test_item_form_without_places_saves_no_answer(browser: Client, running: Attempt) -> None:
    response = of_type(running, "ordering")
    data = posted(response, right_answer(response), go="next")
    data |= dict.fromkeys((name for name in data if name.startswith("answer-")), "")
    assert browser.post(url("item", running, response.position), data).status_code == 302
    assert of_type(running, "ordering").answer is None


def test_item_form_with_thousands_of_fields_is_refused(browser: Client, running: Attempt) -> None:
    response = of_type(running, "matching")
    data = {"seq": "1", "nonce": str(uuid4()), **{f"answer-{number}": "x" for number in range(400)}}
    assert browser.post(url("item", running, response.position), data).status_code == 400


def test_item_with_a_bad_seq_saves_nothing(browser: Client, running: Attempt) -> None:
    response = of_type(running, "choice")
    for seq in ("", "x", "-1", str(2**63)):
        browser.post(url("item", running, response.position), posted(response, token(response, "Right"), seq=seq))
    assert of_type(running, "choice").version == 0


def test_item_that_is_not_there_is_404(browser: Client, running: Attempt) -> None:
    assert browser.get(url("item", running, 99)).status_code == 404
    assert browser.post(url("flag", running, 99), {"flag": "1"}).status_code == 404
    assert browser.post(url("item", running, 99), {"seq": 1, "nonce": str(uuid4())}).status_code == 404


def test_flag_keeps_the_answer_and_stays(browser: Client, running: Attempt) -> None:
    response = of_type(running, "choice")
    data = posted(response, token(response, "Right"), flag="1")
    page = browser.post(url("flag", running, response.position), data)
    assert page["Location"] == url("item", running, response.position)
    assert (of_type(running, "choice").is_flagged, of_type(running, "choice").is_answered) == (True, True)
    assert "Remove flag" in browser.get(page["Location"]).content.decode()
    browser.post(url("flag", running, response.position), {"flag": "0"})
    assert of_type(running, "choice").is_flagged is False


def test_attempt_of_somebody_else_is_404(client: Client, running: Attempt, other: Membership) -> None:
    """TEN-05, EXAM-06."""
    client.force_login(other.person)
    for name, args in (("item", [1]), ("review", []), ("result", [])):
        assert client.get(url(name, running, *args)).status_code == 404
    for name, args in (("item", [1]), ("flag", [1]), ("submit", [])):
        assert client.post(url(name, running, *args), {"flag": "1"}).status_code == 404
    assert autosave(client, running, 1, None).status_code == 404
    running.refresh_from_db()
    assert (running.submitted_at, running.responses.filter(is_flagged=True).count()) == (None, 0)


def test_attempt_asks_to_sign_in(client: Client, running: Attempt) -> None:
    """EXAM-27: sign-in returns to the attempt."""
    page = client.get(url("item", running, 3))
    assert page.status_code == 302
    assert url("item", running, 3) in page["Location"]


def test_pages_refuse_other_methods(browser: Client, running: Attempt) -> None:
    """WEB-07."""
    for name, args in (("flag", [1]), ("submit", []), ("save", [])):
        assert browser.get(url(name, running, *args)).status_code == 405
    assert browser.post(url("review", running)).status_code == 405
    assert browser.delete(url("item", running, 1)).status_code == 405


def test_review_lists_states(browser: Client, running: Attempt) -> None:
    save(running, 1, None, timezone.now())
    response = of_type(running, "choice")
    save(running, response.position, token(response, "Right"), timezone.now(), version=2)
    services.flag_response(attempt=running, position=2, is_flagged=True, at=timezone.now())
    words = browser.get(url("review", running)).content.decode()
    assert "1 answered · 1 flagged · 9 open" in words
    assert "9 questions are still open" in words


def test_submit_twice_shows_one_result(browser: Client, running: Attempt) -> None:
    answer_all(running, timezone.now())
    for _ in range(2):
        assert browser.post(url("submit", running))["Location"] == url("result", running)
    words = browser.get(url("result", running)).content.decode()
    assert "You passed" in words
    assert "10 of 10 points, 100%" in words
    for name, args in (("item", [1]), ("review", [])):
        assert browser.get(url(name, running, *args))["Location"] == url("result", running)
    assert browser.post(url("flag", running, 1), {"flag": "1"})["Location"] == url("result", running)


def test_result_of_a_failed_attempt_says_what_next(browser: Client, member: Membership) -> None:
    exam = make_exam(cut_score=Decimal("66.67"))
    attempt = start(exam, member, timezone.now())
    answer_all(attempt, timezone.now(), right=2)
    services.submit_attempt(attempt=attempt, at=timezone.now())
    words = browser.get(url("result", attempt)).content.decode()
    for part in ("Not passed this time", "2 of 4 points, 50%", "66.67%", "You can start again on", "1 attempt is left"):
        assert part in words


def test_result_never_tells_which_answers_were_right(browser: Client, running: Attempt) -> None:
    answer_all(running, timezone.now(), right=3)
    services.submit_attempt(attempt=running, at=timezone.now())
    words = browser.get(url("result", running)).content.decode()
    api = browser.get(f"/api/v1/attempts/{running.public_id}/").content.decode()
    assert SENTINEL not in words + api


def test_open_attempt_has_no_result(browser: Client, running: Attempt) -> None:
    assert browser.get(url("result", running))["Location"] == url("review", running)


def test_pages_close_an_attempt_whose_time_is_up(browser: Client, running: Attempt) -> None:
    """EXAM-10: without any sweep, the next look scores what was saved by the deadline."""
    answer_all(running, timezone.now())
    deadline = timezone.now() - HOUR
    Attempt.objects.update(started_at=deadline - HOUR, deadline_at=deadline)
    assert browser.get(url("item", running, 1))["Location"] == url("result", running)
    words = browser.get(url("result", running)).content.decode()
    assert "when the time was up" in words
    running.refresh_from_db()
    assert (running.submitted_at, running.submitted_by, running.is_passed) == (deadline, "deadline", True)


def test_seconds_left_do_not_know_time_zones(browser: Client, running: Attempt, member: Membership) -> None:
    """EXAM-13: a changed time zone changes the words, never the seconds."""
    response, found = of_type(running, "choice"), []
    for seq, zone in enumerate(("UTC", "Pacific/Auckland", "America/New_York"), start=1):
        member.person.time_zone = zone
        member.person.save(update_fields=["time_zone"])
        found.append(autosave(browser, running, response.position, token(response, "Right"), seq=seq).json())
    assert max(one["seconds_left"] for one in found) - min(one["seconds_left"] for one in found) <= 2
    assert len({one["saved_label"][:2] for one in found}) == 3


def test_seconds_left_over_a_clock_change(running: Attempt) -> None:
    """EXAM-13: the night the clocks change has its hour like any other."""
    from zoneinfo import ZoneInfo

    paris = ZoneInfo("Europe/Paris")
    running.deadline_at = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("UTC"))
    assert running.seconds_left(datetime(2026, 10, 25, 2, 30, tzinfo=paris)) == 3600


@pytest.mark.parametrize("page", ["item", "review"])
def test_pages_take_constant_queries(browser: Client, member: Membership, page: str) -> None:
    counts = []
    for fields in (one_of_each()[:1], one_of_each()[:3]):
        attempt = start(make_exam(make_bank(fields)), member, timezone.now())
        browser.get(url(page, attempt, *([1] if page == "item" else [])))
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(page, attempt, *([1] if page == "item" else [])))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 6


def test_pages_carry_a_watermark_for_paper(browser: Client, running: Attempt, member: Membership) -> None:
    """EXAM-37."""
    words = browser.get(url("item", running, 1)).content.decode()
    assert f"{member.person.name} · {running.public_id}" in words
