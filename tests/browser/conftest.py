"""Debian's Chromium over the running demo. A missing browser is a failure, never a skip."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect, sync_playwright

from tests.browser.demo import PASSWORD, Demo, running_demo
from tests.browser.watch import Watch

CHROMIUM = Path(os.environ.get("LAUREL_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
# How long a page may take to show what is expected: two shared cores on a bad day, with server and browser on them.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)
# A browser that hangs is a failure that says where, not a run without an end; building the demo is counted in.
SECONDS_A_TEST = 900
PHONE, DESK = 390, 1280
HEIGHTS = {PHONE: 844, DESK: 900}
Scheme = Literal["light", "dark"]


class PageAs(Protocol):
    """Opens a watched page for a person, signed in; "" is a stranger."""

    def __call__(
        self,
        person: str,
        width: int = DESK,
        scheme: Scheme = "light",
        *,
        javascript: bool = True,
        expected: Sequence[str] = (),
    ) -> Page: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(SECONDS_A_TEST, method="thread"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing (Debian: apt-get install chromium; LAUREL_CHROMIUM names another)"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def states() -> dict[str, StorageState]:
    """The cookies of each person who has signed in."""
    return {}


def sign_in(page: Page, person: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(person)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("/")


@pytest.fixture
def page_as(demo: Demo, browser: Browser, states: dict[str, StorageState]) -> Iterator[PageAs]:
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def open_page(
        person: str,
        width: int = DESK,
        scheme: Scheme = "light",
        *,
        javascript: bool = True,
        expected: Sequence[str] = (),
    ) -> Page:
        context = browser.new_context(
            base_url=demo.address,
            viewport={"width": width, "height": HEIGHTS[width]},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=javascript,
            storage_state=states.get(person),
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        watch = Watch(demo.address, expected)
        context.on("page", watch.attach)
        watches.append(watch)
        page = context.new_page()
        if person and person not in states:
            sign_in(page, person)
            states[person] = context.storage_state()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [trouble for watch in watches for trouble in watch.troubles] == []
