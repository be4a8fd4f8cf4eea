"""What goes wrong in an exam room: no connection, two tabs, signed out. No answer is lost, and words say what happens."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import candidate
from tests.browser.conftest import DESK, PHONE, PageAs
from tests.browser.demo import Demo

NO_CONNECTION = "Your answers are kept on this device"


def open_exam(page: Page) -> None:
    page.goto("/exams/halden-presales/")
    candidate.enter_exam(page)


def first_choice(page: Page) -> None:
    """Opens the first question with radio buttons."""
    questions = page.get_by_role("navigation", name="Questions").get_by_role("link", name=re.compile(r"^Question \d"))
    for number in range(questions.count()):
        questions.nth(number).click()
        if page.get_by_role("radio").count() > 2:
            return
    raise AssertionError("no question with one choice among several")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_answers_given_offline_are_kept_and_sent_on_return(demo: Demo, page_as: PageAs, width: int) -> None:
    person = demo.candidates(partner="vitosha-works")[0]
    page = page_as(person, width, expected=["ERR_INTERNET_DISCONNECTED"])
    open_exam(page)
    first_choice(page)
    page.get_by_role("radio").nth(0).check()
    candidate.saved(page)
    page.context.set_offline(True)
    page.get_by_role("radio").nth(1).check()
    state = page.locator("[data-save-state]")
    expect(state).to_contain_text(NO_CONNECTION)
    assert page.get_by_role("radio").nth(1).is_checked()
    page.context.set_offline(False)
    candidate.saved(page)
    page.reload()
    assert page.get_by_role("radio").nth(1).is_checked()


def test_an_older_answer_from_another_tab_is_refused_with_words(demo: Demo, page_as: PageAs) -> None:
    person = demo.candidates(partner="vitosha-works")[-1]
    page = page_as(person, expected=["/save/ answered 409"])
    open_exam(page)
    first_choice(page)
    older = page.context.new_page()
    older.goto(page.url)
    page.get_by_role("radio").nth(0).check()
    candidate.saved(page)
    page.get_by_role("radio").nth(1).check()
    candidate.saved(page)
    older.get_by_role("radio").nth(2).check()
    state = older.locator("[data-save-state]")
    expect(state).to_contain_text("A newer answer to this question was given in another tab.")
    state.get_by_role("button", name="Reload to see it").click()
    expect(older.get_by_role("radio").nth(1)).to_be_checked()


def test_a_signed_out_candidate_keeps_the_answers(demo: Demo, page_as: PageAs) -> None:
    person = demo.candidates(partner="vitosha-works")[-1]
    page = page_as(person, expected=["/save/ answered 40[13]", "Failed to fetch"])
    open_exam(page)
    first_choice(page)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="session")
    page.get_by_role("radio").nth(3 if page.get_by_role("radio").count() > 3 else 2).check()
    expect(page.locator("[data-save-state]")).to_contain_text("you are signed out")
    chosen = candidate.given(page)
    page.context.add_cookies(cookies)
    page.reload()
    candidate.saved(page)
    assert candidate.given(page) == chosen
