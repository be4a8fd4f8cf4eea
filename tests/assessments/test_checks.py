"""Knowledge checks: shown without key, answered with feedback, recorded."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from lms.assessments import services
from lms.assessments.errors import NoSuchItem
from lms.assessments.items import AnswerRefused
from lms.assessments.models import ItemBank
from lms.assessments.services import Check, CheckContext
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.assessments.factories import SENTINEL, add, choice, make_bank, make_exam, one_of_each

CONTEXT = CheckContext(
    parent_iri="https://partners.halden.example/lessons/1", registration=uuid4(), back="/learn/course/lesson/"
)


@pytest.fixture
def bank(db: None) -> ItemBank:
    return make_bank(one_of_each(), slug="checks")


def prepared(member: Membership, at: datetime, number: int = 1) -> Check:
    return services.prepare_check(code=f"item-{number}", person=member.person, at=at, context=CONTEXT)


def option(check: Check, text: str) -> str:
    return next(line.token for line in check.question.options if line.text == text)


def answered(bank: ItemBank, member: Membership, at: datetime, answer: Any, number: int = 1) -> services.CheckResult:
    return services.check_answer(
        item=bank.items.get(code=f"item-{number}"),
        answer=answer,
        person=member.person,
        membership=member,
        at=at,
        context=CONTEXT,
    )


def test_check_shows_no_key(bank: ItemBank, member: Membership, now: datetime) -> None:
    """EXAM-01."""
    checks = services.prepare_checks(codes=[f"item-{n}" for n in range(1, 8)], person=member.person, at=now)
    assert len(checks) == 7
    assert SENTINEL not in repr(checks)


def test_checks_are_prepared_in_one_query(
    bank: ItemBank, member: Membership, now: datetime, django_assert_num_queries
) -> None:
    for codes in (["item-1"], ["item-1", "item-2", "item-3"]):
        with django_assert_num_queries(1):
            assert list(services.prepare_checks(codes=codes, person=member.person, at=now)) == codes


def test_check_order_is_stable_per_person_and_day(bank: ItemBank, member: Membership, other: Membership, now) -> None:
    def orders(person: Membership, at: datetime) -> list[list[str]]:
        return [[line.text for line in prepared(person, at, number).question.options] for number in (1, 2, 4, 5)]

    assert orders(member, now) == orders(member, now + timedelta(hours=3))
    assert orders(member, now) != orders(other, now)
    assert orders(member, now) != orders(member, now + timedelta(days=1))


def test_check_of_an_unknown_or_retired_item_is_not_there(bank: ItemBank, member: Membership, now: datetime) -> None:
    services.retire_item(item=bank.items.get(code="item-1"), at=now)
    for number in (1, 99):
        with pytest.raises(NoSuchItem):
            prepared(member, now, number)


@pytest.mark.parametrize(("text", "outcome"), [("Right", "right"), ("Half", "partly"), ("Wrong", "wrong")])
def test_check_tells_the_outcome_and_feedback(
    bank: ItemBank, member: Membership, now: datetime, text: str, outcome: str
) -> None:
    result = answered(bank, member, now, option(prepared(member, now), text))
    assert result.outcome == outcome
    assert result.feedback[-1] == f"{SENTINEL} general"
    assert result.words
    assert result.tone


def test_check_is_recorded_each_time(bank: ItemBank, member: Membership, now: datetime) -> None:
    right = option(prepared(member, now), "Right")
    for count in (1, 2):
        answered(bank, member, now, right)
        assert Statement.objects.filter(registration=CONTEXT.registration).count() == count
    body = Statement.objects.first().body
    assert CONTEXT.parent_iri in body
    assert SENTINEL not in body


def test_check_without_context_is_recorded_too(bank: ItemBank, member: Membership, now: datetime) -> None:
    services.check_answer(
        item=bank.items.get(code="item-3"), answer="true", person=member.person, membership=None, at=now
    )
    assert Statement.objects.count() == 1


@pytest.mark.parametrize("answer", [None, "", "foreign", ["a"]])
def test_check_refuses_what_is_no_answer(bank: ItemBank, member: Membership, now: datetime, answer: Any) -> None:
    with pytest.raises(AnswerRefused):
        answered(bank, member, now, answer)
    assert not Statement.objects.exists()


def post(client: Client, check: Check, data: dict[str, Any], **headers: str) -> Any:
    return client.post(check.url, {"ticket": check.ticket, **data}, **headers)


def check_now(member: Membership, number: int = 1) -> Check:
    from django.utils import timezone

    return prepared(member, timezone.now(), number)


def test_check_page_answers_htmx_with_a_fragment(browser: Client, bank: ItemBank, member: Membership) -> None:
    check = check_now(member)
    page = post(browser, check, {"answer": option(check, "Wrong")}, HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in page
    assert "Not quite." in page
    assert f"{SENTINEL} wrong" in page


def test_check_page_works_without_javascript(browser: Client, bank: ItemBank, member: Membership) -> None:
    check = check_now(member)
    page = post(browser, check, {"answer": option(check, "Right")}).content.decode()
    assert "<html" in page
    assert "Right." in page
    assert 'href="/learn/course/lesson/"' in page
    assert page.count("checked") == 1


def test_check_page_takes_every_type(browser: Client, bank: ItemBank, member: Membership) -> None:
    for number in range(1, 8):
        check = check_now(member, number)
        tokens = [line.token for line in check.question.options]
        data: dict[str, Any] = {"answer": tokens[:1] or ["10"]}
        if check.question.answer_type == "map":
            data = {f"answer-{line.token}": tokens[0] for line in check.question.prompts}
        elif check.question.answer_type == "sequence":
            data = {f"answer-{token}": str(place) for place, token in enumerate(tokens, start=1)}
        page = post(browser, check, data)
        assert page.status_code == 200, number
        assert 'class="feedback"' in page.content.decode()


def test_check_page_says_what_is_missing(browser: Client, bank: ItemBank, member: Membership) -> None:
    page = post(browser, check_now(member), {})
    assert page.status_code == 400
    assert "Choose or write an answer first." in page.content.decode()
    check = check_now(member, 5)
    places = {f"answer-{line.token}": "1" for line in check.question.options}
    assert "each place once" in post(browser, check, places, HTTP_HX_REQUEST="true").content.decode()


def test_check_needs_its_ticket(browser: Client, bank: ItemBank, member: Membership, other: Membership) -> None:
    """EXAM-06: nobody asks for the answer of an item that no lesson showed him."""
    right = option(check_now(member), "Right")
    tickets = [
        "",
        "forged",
        check_now(member).ticket + "x",
        check_now(member, 2).ticket,
        check_now(other).ticket,
        signing.dumps({"item": str(check_now(member).item_id)}, salt="other"),
    ]
    for ticket in tickets:
        page = browser.post(check_now(member).url, {"ticket": ticket, "answer": right})
        assert page.status_code == 404
        assert SENTINEL not in page.content.decode()
    assert post(browser, check_now(member), {"answer": right}).status_code == 200


def test_check_of_a_bank_that_an_exam_draws_from_is_closed(browser: Client, bank: ItemBank, member: Membership) -> None:
    """EXAM-06: also with a ticket from before the exam was made."""
    check = check_now(member)
    make_exam(bank, draw=1)
    assert post(browser, check, {"answer": option(check, "Right")}).status_code == 404


def test_check_of_a_question_that_changed_shows_the_new_one(
    browser: Client, bank: ItemBank, member: Membership
) -> None:
    check = check_now(member)
    add(bank, one_of_each()[1], code="item-1")
    page = post(browser, check, {"answer": option(check, "Right")})
    assert page.status_code == 400
    assert "Which two?" in page.content.decode()
    add(bank, choice(5), code="item-1")
    assert check_now(member).question.stem == "Question 5"


def test_check_page_is_for_posts_of_signed_in_people(client: Client, bank: ItemBank, member: Membership) -> None:
    check = check_now(member)
    assert client.get(check.url).status_code == 405
    assert post(client, check, {"answer": "x"}).status_code == 302
    client.force_login(member.person)
    assert client.get(reverse("assessments:check", args=[uuid4()])).status_code == 405
    assert client.post(reverse("assessments:check", args=[uuid4()])).status_code == 404
