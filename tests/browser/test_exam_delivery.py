"""How an exam is sat in a browser: every kind of answer by pointer and keyboard, tabs, lost connections, the last minute."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import candidate
from tests.browser.conftest import DESK, PHONE, PageAs
from tests.browser.demo import Demo
from tests.browser.look import faults, hidden_focus, too_wide

SLUG = "every-kind"
MAKE = """
from django.utils import timezone
from lms.assessments import services
from lms.assessments.models import Accommodation, Assessment
from lms.accounts.models import User
from tests.assessments.factories import PICTURE, make_bank, make_exam, one_of_each

if not Assessment.objects.filter(slug="every-kind").exists():
    services.keep_medium(medium=PICTURE, by=None, at=timezone.now())
    exam = make_exam(
        make_bank(one_of_each(), slug="every-kind"), slug="every-kind", title="Every kind", grace_seconds=120,
        has_calculator=True, asks_confidence=True, review_shows="answers", attempts_allowed=90, wait_hours=0,
        honour_code="I work alone.",
    )
    boss = User.objects.get(email="efua.quartey@halden.example")
    services.add_document(assessment=exam, title="Data sheet", data=b"%PDF-1.4", by=boss, at=timezone.now())
    for person in User.objects.filter(email__in={people}):
        granted = Accommodation(person=person, assessment=exam, break_minutes=5)
        services.grant_accommodation(accommodation=granted, by=boss, at=timezone.now())
print("{{}}")
"""
TYPES = """
import json
from lms.assessments.models import Attempt
attempt = Attempt.objects.get(public_id="{attempt}")
print(json.dumps({{one.item_version.type: one.position for one in attempt.responses.select_related("item_version")}}))
"""
ENDS = """
import json
from datetime import timedelta
from django.utils import timezone
from lms.assessments.models import Attempt
now = timezone.now()
Attempt.objects.filter(public_id="{attempt}").update(
    started_at=now - timedelta(minutes=30), deadline_at=now + timedelta(seconds={seconds}),
    closes_at=now + timedelta(seconds={seconds} + 120),
)
print(json.dumps(True))
"""


@pytest.fixture(scope="session")
def people(demo: Demo) -> list[str]:
    """Candidates with breaks at the exam that has a question of every kind."""
    found = demo.candidates(partner="vitosha-works")
    demo.ask(MAKE.format(people=found))
    return found


@pytest.fixture
def begin(demo: Demo, people: list[str], page_as: PageAs) -> Any:
    """Opens the exam for a person; returns the page and the positions of the types."""

    def open_exam(number: int = 0, width: int = DESK, **more: Any) -> tuple[Page, str, dict[str, int]]:
        page = page_as(people[number % len(people)], width, **more)
        page.goto(f"/exams/{SLUG}/")
        agree = page.get_by_label("I agree to the honour code")
        if agree.count():
            agree.check()
        attempt = candidate.enter_exam(page)
        return page, attempt, demo.ask(TYPES.format(attempt=attempt))

    return open_exam


def go_to(page: Page, attempt: str, position: int) -> None:
    page.goto(f"/exams/attempts/{attempt}/items/{position}/")


def test_a_place_on_a_picture_by_pointer_and_by_keyboard(begin: Any) -> None:
    page, attempt, types = begin()
    go_to(page, attempt, types["hotspot"])
    page.locator("[data-spot]").nth(0).click()
    expect(page.locator('input[name="answer"]').nth(0)).to_be_checked()
    candidate.saved(page)
    page.locator('input[name="answer"]').nth(0).focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('input[name="answer"]').nth(1)).to_be_checked()
    expect(page.locator("[data-spot]").nth(1)).to_have_attribute("data-chosen", "true")
    candidate.saved(page)
    page.reload()
    expect(page.locator('input[name="answer"]').nth(1)).to_be_checked()


def test_words_are_dragged_into_gaps_or_chosen_by_keyboard(begin: Any) -> None:
    page, attempt, types = begin()
    go_to(page, attempt, types["cloze"])
    gap = page.locator("[data-word-gap]").first
    word = page.locator("[data-word]").nth(0)
    token = word.get_attribute("data-word")
    word.drag_to(gap)
    expect(gap).to_have_value(str(token))
    candidate.saved(page)
    gap.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    chosen = gap.input_value()
    assert chosen
    candidate.saved(page)
    page.reload()
    expect(page.locator("[data-word-gap]").first).to_have_value(chosen)


def test_two_tabs_are_told_of_each_other(begin: Any) -> None:
    page, attempt, types = begin()
    go_to(page, attempt, types["choice"])
    other = page.context.new_page()
    other.goto(page.url)
    for one in (page, other):
        expect(one.locator("#messages")).to_contain_text("open in another tab too")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_two_minutes_without_a_connection_lose_nothing(begin: Any, width: int) -> None:
    """The two minutes pass on the browser's clock; the server's is its own."""
    page, attempt, types = begin(1, width, expected=["ERR_INTERNET_DISCONNECTED"])
    go_to(page, attempt, types["choice"])
    page.get_by_role("radio").nth(0).check()
    candidate.saved(page)
    page.clock.install()
    page.context.set_offline(True)
    page.get_by_role("radio").nth(1).check()
    page.clock.run_for(1000)
    state = page.locator("[data-save-state]")
    expect(state).to_contain_text("Your answers are kept on this device")
    page.clock.run_for(120_000)
    expect(state).to_contain_text("Your answers are kept on this device")
    page.context.set_offline(False)
    page.clock.run_for(30_000)
    candidate.saved(page)
    page.reload()
    expect(page.get_by_role("radio").nth(1)).to_be_checked()


def test_answers_that_waited_are_taken_after_the_end_and_the_page_says_so(demo: Demo, begin: Any) -> None:
    page, attempt, types = begin(2, expected=["ERR_INTERNET_DISCONNECTED"])
    demo.ask(ENDS.format(attempt=attempt, seconds=45))
    go_to(page, attempt, types["choice"])
    page.context.set_offline(True)
    page.get_by_role("radio").nth(1).check()
    expect(page.locator("[data-save-state]")).to_contain_text("kept on this device")
    expect(page.locator("[data-exam-clock]").first).to_have_text("Time is up", timeout=120_000)
    page.wait_for_timeout(1500)  # the page counts whole seconds and may be at nought just before the server is
    page.context.set_offline(False)
    page.wait_for_url("**/result/", timeout=60_000)
    expect(page.locator("main")).to_contain_text("arrived after the end")
    page.wait_for_function("document.body.textContent.includes('handed in')", timeout=60_000)


def test_the_last_minutes_are_announced_once(demo: Demo, begin: Any) -> None:
    page, attempt, types = begin(3)
    demo.ask(ENDS.format(attempt=attempt, seconds=400))
    page.clock.install()
    go_to(page, attempt, types["choice"])
    voice = page.locator("[data-exam-announce]")
    expect(voice).to_have_attribute("role", "status")
    expect(voice).to_have_text("")
    page.clock.run_for(130_000)
    expect(voice).to_have_text("Five minutes left.")
    page.clock.run_for(240_000)
    expect(voice).to_have_text("One minute left.")


def test_the_calculator_works_out_a_line(begin: Any) -> None:
    page, attempt, types = begin()
    go_to(page, attempt, types["numeric"])
    page.get_by_text("Calculator").click()
    for line, result in (
        ("(12.5 + 3) * 4", "= 62"),
        ("-2^2 + 50% × 4", "= -2"),
        ("2 ^ 3 ^ 2", "= 512"),
        ("1/0", "no sum"),
    ):
        page.get_by_label("Sum").fill(line)
        page.keyboard.press("Enter")
        expect(page.locator("[data-calculator] [role=status]")).to_contain_text(result)
    assert page.url.endswith(f"/items/{types['numeric']}/")


@pytest.mark.parametrize("kind", ["choice", "hotspot", "cloze", "ordering"])
def test_pages_of_an_exam_are_for_everybody(begin: Any, kind: str) -> None:
    """Axe at both widths and in both schemes, 320 pixels (400% zoom), focus, right to left."""
    page, attempt, types = begin()
    go_to(page, attempt, types[kind])
    assert faults(page) == []
    assert hidden_focus(page) == []
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert too_wide(page) == []


def test_a_break_hides_the_questions_and_stops_the_clock(begin: Any) -> None:
    page, attempt, types = begin(4)
    go_to(page, attempt, types["choice"])
    page.get_by_role("button", name=re.compile("^Take a break")).click()
    page.get_by_role("dialog").get_by_role("button", name="Take a break").click()
    expect(page.get_by_role("heading", name="You are on a break")).to_be_visible()
    assert faults(page) == []
    page.get_by_role("button", name="Go on with the exam").click()
    page.wait_for_url("**/items/*/")
