"""Hints: one by one, where the exam or the check has them, counted and without points."""

import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.assessments import services
from lms.assessments.errors import AttemptOver, NoSuchItem
from lms.assessments.items import builders
from lms.assessments.models import Attempt, Item, ItemBank, Response
from lms.partners.models import Membership
from lms.xapi.models import Statement
from tests.assessments.factories import answer_all, make_bank, make_exam, start, token
from tests.assessments.pages import posted, url

pytestmark = pytest.mark.django_db
EXTENSION = "/xapi/extensions/hints"


@pytest.fixture
def bank() -> ItemBank:
    fields = builders.choice("Which?", [("Right", Decimal(1), ""), ("Wrong", Decimal(0), "")])
    fields["key"]["hints"] = ["first-hint", "<b>second-hint</b>"]
    return make_bank([fields])


def sitting(bank: ItemBank, member: Membership, **more: bool) -> Attempt:
    return start(make_exam(bank, **more), member, timezone.now() - timedelta(minutes=1))


def only(attempt: Attempt) -> Response:
    return attempt.responses.select_related("item_version", "attempt").get()


def test_hints_are_shown_one_by_one_and_the_answer_is_kept(browser: Client, bank: ItemBank, member: Membership) -> None:
    attempt = sitting(bank, member, has_hints=True)
    address = url("item", attempt, 1)
    page = browser.get(address).content.decode()
    assert "Show a hint" in page
    assert "first-hint" not in page
    answer = token(only(attempt), "Right")
    assert browser.post(address, posted(only(attempt), answer, go="hint-1"))["Location"] == address
    page = browser.get(address).content.decode()
    assert "first-hint" in page
    assert "second-hint" not in page
    assert only(attempt).answer == only(attempt).loaded_shown.tokens[answer]
    browser.post(address, {"go": "hint-2"})
    page = browser.get(address).content.decode()
    assert "<b>second-hint</b>" in page
    assert "hint-3" not in page
    assert only(attempt).hints_shown == 2


def test_an_exam_without_hints_shows_none(browser: Client, bank: ItemBank, member: Membership) -> None:
    attempt = sitting(bank, member)
    browser.post(url("item", attempt, 1), {"go": "hint-1"})
    assert "hint" not in browser.get(url("item", attempt, 1)).content.decode().partition("<main")[2]
    assert only(attempt).hints_shown == 0


@pytest.mark.parametrize("number", [0, 2, 99])
def test_only_the_next_hint_is_shown(bank: ItemBank, member: Membership, number: int) -> None:
    attempt = sitting(bank, member, has_hints=True)
    with pytest.raises(NoSuchItem):
        services.show_hint(response=only(attempt), number=number, at=timezone.now())
    assert only(attempt).hints_shown == 0


def test_a_hint_asked_for_twice_counts_once_and_none_after_the_end(
    bank: ItemBank, member: Membership, now: datetime
) -> None:
    attempt = start(make_exam(bank, has_hints=True), member, now)
    before = only(attempt)
    assert services.show_hint(response=before, number=1, at=now) == 1
    assert services.show_hint(response=only(attempt), number=1, at=now) == 1
    assert only(attempt).hints_shown == 1
    answer_all(attempt, now)
    settled = services.submit_attempt(attempt=attempt, at=now)
    assert settled.points == settled.max_points
    with pytest.raises(AttemptOver):
        services.show_hint(response=only(settled), number=2, at=now)
    told = next(one for one in Statement.objects.values_list("body", flat=True) if "/verbs/answered" in one)
    assert [value for name, value in json.loads(told)["result"]["extensions"].items() if name.endswith(EXTENSION)] == [
        1
    ]


def test_a_check_gives_hints_before_and_with_an_answer(browser: Client, bank: ItemBank, member: Membership) -> None:
    item = Item.objects.get()
    check = services.prepare_check(code=item.code, person=member.person, at=timezone.now())
    assert (check.hints.shown, check.hints.next) == ((), 1)
    address = reverse("assessments:check", args=[item.public_id])
    page = browser.post(address, {"ticket": check.ticket, "go": "hint-1"}).content.decode()
    assert "first-hint" in page
    assert "second-hint" not in page
    assert not Statement.objects.exists()
    wrong = next(line.token for line in check.question.options if line.text == "Wrong")
    page = browser.post(address, {"ticket": check.ticket, "answer": wrong, "hints": "1"}).content.decode()
    assert "Not quite." in page
    assert "hint-2" in page
    told = json.loads(Statement.objects.get().body)["result"]["extensions"]
    assert [value for name, value in told.items() if name.endswith(EXTENSION)] == [1]
