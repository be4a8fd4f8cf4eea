"""What a candidate does: finish the courses that lead to an exam, and answer its questions."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

MAX_LESSONS = 40


def finish_courses(page: Page, certification: str) -> None:
    """Follows the certification's page from step to step, until the exam is next."""
    page.goto("/my/certificates/")
    page.get_by_role("link", name=certification).first.click()
    way = page.url
    for _ in range(MAX_LESSONS):
        done = page.get_by_role("button", name=re.compile("^Done"))
        go_on = page.get_by_role("link", name=re.compile("^(Continue|Start) (lesson|the course|with)|^Continue the"))
        begin = page.get_by_role("button", name="Start this course")
        if done.count():
            done.click()
        elif begin.count():
            begin.click()
        elif go_on.count():
            go_on.first.click()
        elif page.url != way:
            page.goto(way)
        else:
            break
    expect(page.get_by_role("link", name="Go to the exam")).to_be_visible()


def enter_exam(page: Page) -> str:
    """Starts the exam whose page is open, or goes on with it. Returns the attempt's id."""
    go_on = page.get_by_role("link", name="Continue exam")
    (go_on if go_on.count() else page.get_by_role("button", name="Start exam")).click()
    page.wait_for_url("**/items/*/")
    found = re.search(r"/attempts/([0-9a-f-]+)/", page.url)
    assert found
    return found[1]


def answer(page: Page, kind: str, right: Any) -> None:
    """Gives an answer to the question on the page, as its form asks for it."""
    match kind, right:
        case "choices", list():
            for token in right:
                page.locator(f'input[name="answer"][value="{token}"]').check()
        case "matching", dict():
            for prompt, option in right.items():
                page.locator(f'select[name="answer-{prompt}"]').select_option(option)
        case "ordering", list():
            _order(page, right)
        case (("numeric" | "short_answer"), str()):
            page.get_by_label("Your answer").fill(right)
        case _:
            page.locator(f'input[name="answer"][value="{right}"]').check()


def _order(page: Page, tokens: list[str]) -> None:
    """By the buttons, from the first line to the last; without JavaScript by the fields."""
    fields = [page.locator(f'select[name="answer-{token}"]') for token in tokens]
    if fields[0].is_visible():
        for place, one in enumerate(fields, 1):
            one.select_option(str(place))
        return
    lines = page.locator("[data-ordering-item]")
    for place, one in enumerate(fields):
        line = lines.filter(has=one)
        while _place(line) > place:
            line.get_by_role("button", name=re.compile("^Move up")).click()
    if not fields[0].input_value():  # it stood right from the beginning: moved there and back, it is an answer
        lines.first.get_by_role("button", name=re.compile("^Move down")).click()
        lines.nth(1).get_by_role("button", name=re.compile("^Move up")).click()


def _place(line: Locator) -> int:
    return int(line.evaluate("(element) => [...element.parentElement.children].indexOf(element)"))


def given(page: Page) -> Any:
    """What the form of the question shows as answered."""
    return page.evaluate(
        """() => [...document.querySelectorAll('form.exam-item [name^="answer"]')]
        .filter((one) => !["radio", "checkbox"].includes(one.type) || one.checked)
        .map((one) => [one.name, one.value]).sort()"""
    )


def saved(page: Page) -> None:
    expect(page.locator("[data-save-state]")).to_have_text(re.compile(r"^Saved \d\d:\d\d$"))


def go_on(page: Page) -> None:
    page.locator(".exam-nav .button-primary").click()
