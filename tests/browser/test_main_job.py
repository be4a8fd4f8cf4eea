"""The main job, played by its people: the author's course reaches the rep; the engineer's exam reaches the partner page."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser import author, candidate
from tests.browser.conftest import DESK, PHONE, PageAs
from tests.browser.demo import AUTHOR, ENGINEER, MANAGER, NOBODY, PASSWORD, REP, REVIEWER, Demo
from tests.browser.hands import Hands, Keyboard, Pointer
from tests.browser.look import faults

CERTIFICATION = "Halden Pre-sales Engineer"
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
BEFORE_CLOSING = 4


@pytest.mark.parametrize("width, hands", [(PHONE, Pointer()), (DESK, Keyboard())], ids=["phone", "desk, keyboard only"])
def test_a_new_course_reaches_the_rep(page_as: PageAs, width: int, hands: Hands) -> None:
    draft = author.Draft(title=f"Reading a site map, part {width}", question="kc-selling-01")
    author.write_course(page_as(AUTHOR, expected=[author.AUTOSAVE_REFUSED]), draft)
    author.approve(page_as(REVIEWER), draft)
    page = page_as(NOBODY, width)
    sign_in(page, hands)
    take_course(page, hands, draft.title)


def sign_in(page: Page, hands: Hands) -> None:
    page.goto("/")
    hands.write(page.get_by_label("E-mail"), REP)
    hands.write(page.get_by_label("Password", exact=True), PASSWORD)
    hands.press(page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(", Tomasz$"))


def take_course(page: Page, hands: Hands, title: str) -> None:
    hands.press(page.get_by_role("link", name="All my courses"))
    hands.press(page.get_by_role("link", name="Find a course"))
    hands.write(page.get_by_role("searchbox"), "site map")
    hands.press(page.get_by_role("button", name="Search"))
    hands.press(page.get_by_role("link", name=title))
    hands.press(page.get_by_role("button", name="Start this course"))
    if page.get_by_role("link", name="Start lesson 1").count():
        hands.press(page.get_by_role("link", name="Start lesson 1"))
    expect(page.get_by_role("heading", name="The legend", level=1)).to_be_visible()
    hands.choose(page.get_by_role("radio").first)
    hands.press(page.get_by_role("button", name="Check answer"))
    expect(page.locator(".feedback")).to_contain_text(re.compile("^(Right|Not quite)"))
    assert faults(page) == []
    hands.press(page.get_by_role("button", name="Done, complete the course"))
    expect(page.get_by_role("main").get_by_text("Completed", exact=True).first).to_be_visible()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_exam_reaches_the_partner_page(demo: Demo, page_as: PageAs, width: int) -> None:
    person = ENGINEER if width == PHONE else next(one for one in demo.candidates() if one != ENGINEER)
    page = page_as(person, width)
    candidate.finish_courses(page, CERTIFICATION)
    page.get_by_role("link", name="Go to the exam").click()
    attempt = candidate.enter_exam(page)
    keys = demo.keys(attempt)
    for kind, right in keys[:BEFORE_CLOSING]:
        candidate.answer(page, kind, right)
        candidate.saved(page)
        candidate.go_on(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Question {BEFORE_CLOSING + 1} of")
    page.context.close()

    page = page_as(person, width)
    come_back(page, keys[:BEFORE_CLOSING])
    for kind, right in keys[BEFORE_CLOSING:]:
        candidate.answer(page, kind, right)
        candidate.go_on(page)
    page.get_by_role("button", name="Finish exam").click()
    page.get_by_role("dialog").get_by_role("button", name="Finish exam").dblclick()
    expect(page.get_by_role("heading", name="You passed")).to_be_visible()
    assert faults(page) == []
    assert demo.results(attempt) == {"results": 1, "is_passed": True, "answers": len(keys)}

    name = hold_certificate(page, page_as(NOBODY, width))
    see_it_on_the_partner_page(page_as(MANAGER, width), name)


def come_back(page: Page, answered: list[tuple[str, Any]]) -> None:
    """After the browser was closed: the exam goes on, at the first open question, and the answers stand there."""
    page.goto("/my/certificates/")
    page.get_by_role("link", name=CERTIFICATION).first.click()
    page.get_by_role("link", name="Go to the exam").click()
    page.get_by_role("link", name="Continue exam").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Question {len(answered) + 1} of")
    questions = page.get_by_role("navigation", name="Questions")
    for number, (kind, right) in enumerate(answered, 1):
        questions.get_by_role("link", name=re.compile(rf"^Question {number}\b.*answered")).click()
        shown = candidate.given(page)
        candidate.answer(page, kind, right)
        assert candidate.given(page) == shown
    questions.get_by_role("link", name=re.compile(f"^Question {len(answered) + 1}$")).click()


def hold_certificate(page: Page, stranger: Page) -> str:
    """The certificate as PDF, as a badge, and as a stranger checks it. Returns the holder's name."""
    page.get_by_role("link", name="See your certificates").click()
    page.get_by_role("link", name=CERTIFICATION).first.click()
    name = page.locator(".certificate-name").inner_text().strip()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert name in pdf_text(download.value.path())

    page.get_by_role("link", name="The badge: share, download").click()
    badge_link = page.get_by_role("link", name="JSON").get_attribute("href")
    assert badge_link
    badge = json.loads(page.request.get(badge_link).text())
    assert "OpenBadgeCredential" in badge["type"]
    assert badge["proof"]
    page.get_by_role("button", name="Check the signature").click()
    expect(page.get_by_role("main")).to_contain_text("genuine")
    assert faults(page) == []
    page.go_back()
    page.go_back()

    address = page.locator("#verify-address").get_attribute("href")
    assert address
    stranger.goto(urlsplit(address).path)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Valid")
    expect(stranger.get_by_role("main")).to_contain_text(name)
    assert "@" not in stranger.get_by_role("main").inner_text()
    return name


def pdf_text(path: Path) -> str:
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True)
    return done.stdout


def see_it_on_the_partner_page(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name=re.compile("^(Our partner page|Partner)$")).first.click()
    decision = page.get_by_role("link", name=re.compile("^Why "))
    expect(decision).to_be_visible()
    page.get_by_role("link", name="Certified pre-sales engineers").click()
    counted = page.get_by_role("row").filter(has_text=name)
    expect(counted.first).to_contain_text(CERTIFICATION)
    page.go_back()
    decision.click()
    evidence = page.locator("details").filter(has_text="Who counted").filter(has_text=name).first
    evidence.locator("summary").first.click()
    person = evidence.get_by_role("listitem").filter(has_text=name).first
    person.locator("summary").click()
    expect(person.get_by_text(UUID).first).to_be_visible()
    assert faults(page) == []


def test_the_exam_is_passed_without_javascript(demo: Demo, page_as: PageAs) -> None:
    """Each answer is saved by going on."""
    person = demo.candidates()[-1]
    page = page_as(person, javascript=False)
    page.goto("/exams/halden-presales/")
    attempt = candidate.enter_exam(page)
    keys = demo.keys(attempt)
    for kind, right in keys:
        candidate.answer(page, kind, right)
        candidate.go_on(page)
    expect(page.get_by_role("main")).to_contain_text(f"{len(keys)} answered")
    page.get_by_role("button", name="Finish exam").click()
    expect(page.get_by_role("heading", name="You passed")).to_be_visible()
    assert demo.results(attempt) == {"results": 1, "is_passed": True, "answers": len(keys)}
