"""Every page that links lead to, for each kind of person: accessible, light, whole on a phone, without a dead link."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import CDPSession, Page

from tests.browser import candidate
from tests.browser.conftest import DESK, PageAs
from tests.browser.demo import AUTHOR, CHANNEL_MANAGER, ENGINEER, MANAGER, NOBODY, REP, Demo
from tests.browser.look import faults, hidden_focus, view

MAX_BYTES = 200_000

# What each person must be able to reach by links alone. A kind is the name of the address, with what sets pages of one
# name apart; one page of each kind is looked at closely, every link on it is opened.
LEARNER = {
    *("portal:home", "portal:need", "portal:my_learning", "cms:catalogue", "course", "playbook", "cms:lesson"),
    *("assessments:start", "certifications:certification", "certifications:wallet", "certifications:credential"),
    *("certifications:verify", "certifications:verify_form", "portal:partner", "accounts:profile"),
    "account_change_password",
}
REACHED = {
    NOBODY: {"account_login", "account_reset_password", "certifications:verify_form"},
    REP: LEARNER,
    ENGINEER: LEARNER,
    MANAGER: {
        *("portal:home", "portal:partner", "portal:partner_people", "portal:person", "partners:invite"),
        *("partners:membership_edit", "tiers:decision", "tiers:decisions", "tiers:requirement"),
    },
    CHANNEL_MANAGER: {
        *("portal:home", "portal:partners", "portal:partner", "portal:partner_people", "portal:person"),
        *("tiers:decision", "tiers:decisions", "tiers:requirement"),
    },
    AUTHOR: {"portal:home", "cms:catalogue", "course"},
}
# What differs from person to person is looked at for each; the rest for the first who gets there.
PERSONAL = {"portal:home", "portal:need", "portal:partner", "portal:my_learning", "certifications:wallet"}
# Links that lead away from the pages a partner sees, and files.
NOT_PAGES = ("/admin/", "/files/", "/badges/", "/.well-known/", "/api/", "/accounts/logout/")


@dataclass
class Walk:
    """One person's way through the site: pages looked at, by kind, and what was found."""

    page: Page
    seen: set[str] = field(default_factory=set)
    found: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.session: CDPSession = self.page.context.new_cdp_session(self.page)
        self.session.send("Network.enable")
        self.session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.transferred = 0
        self.session.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        self.transferred += int(event["encodedDataLength"])

    def follow(self, *starts: str) -> None:
        waiting = deque(starts)
        while waiting:
            path = waiting.popleft()
            if path in self.answered:
                continue
            kind = self._open(path)
            if not kind or kind in self.kinds:
                continue
            self.kinds[kind] = path
            if kind in PERSONAL or kind not in self.seen:
                self.found += [f"{kind} {path}: {problem}" for problem in look_at(self.page, path, self)]
            else:
                self.page.goto(path)
            self.seen.add(kind)
            waiting.extend(links(self.page))

    def _open(self, path: str) -> str:
        """Asks for an address without showing it. Returns its kind, or nothing when it is no page."""
        reply = self.page.request.get(path)
        self.answered[path] = reply.status
        if reply.status >= 400:
            self.found.append(f"dead link {path} answers {reply.status}")
            return ""
        if path.startswith(NOT_PAGES) or "text/html" not in reply.headers.get("content-type", ""):
            return ""
        return kind_of(urlsplit(reply.url).path, reply.text())


def kind_of(path: str, html: str) -> str:
    name = resolve(path).view_name
    if name == "wagtail_serve":
        return "playbook" if "· Playbook" in html else "course"
    if name == "cms:lesson" and "<video" in html:
        return "cms:lesson with a video"
    return name


def links(page: Page) -> list[str]:
    """Addresses on this site that the page links to, without fragments."""
    hrefs: list[str] = page.eval_on_selector_all("a[href]", "all => all.map((one) => one.getAttribute('href'))")
    here = f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}"
    full = [urldefrag(urljoin(page.url, href)).url for href in hrefs]
    return [one.removeprefix(here) for one in full if one.startswith(f"{here}/")]


def look_at(page: Page, path: str, walk: Walk) -> list[str]:
    """What is wrong with one page, at both widths and in both schemes."""
    view(page, DESK, "light")
    walk.transferred = 0
    page.goto(path)
    problems = [] if walk.transferred < MAX_BYTES else [f"{walk.transferred} bytes on first load"]
    return problems + hidden_focus(page) + faults(page)


@pytest.fixture(scope="module")
def seen_kinds() -> set[str]:
    """The kinds somebody has looked at closely."""
    return set()


@pytest.mark.parametrize("person", REACHED)
def test_each_page_a_person_can_reach_is_right(page_as: PageAs, seen_kinds: set[str], person: str) -> None:
    walk = Walk(page_as(person), seen_kinds)
    walk.follow("/" if person else "/accounts/login/")
    assert walk.found == []
    assert REACHED[person] - set(walk.kinds) == set()


@pytest.mark.parametrize("path", ["/nothing-here/", "/partners/00000000-0000-4000-8000-000000000000/"])
def test_page_that_is_not_there_is_right(page_as: PageAs, path: str) -> None:
    page = page_as(REP, expected=["answered 404"])
    walk = Walk(page)
    assert look_at(page, path, walk) == []
    assert page.get_by_role("main").get_by_role("link").count() > 0


def test_forbidden_page_is_right(page_as: PageAs, demo: Demo) -> None:
    """An engineer may see the partner's page, not invite people to it."""
    page = page_as(ENGINEER, expected=["answered 40[34]"])
    page.goto("/")
    page.get_by_role("link", name="Our partner page").first.click()
    walk = Walk(page)
    assert look_at(page, f"{urlsplit(page.url).path}people/invite/", walk) == []


def test_exam_pages_are_right(demo: Demo, page_as: PageAs) -> None:
    """The start page, one question of each type, and the review, of an exam that runs."""
    page = page_as(demo.candidates(partner="vitosha-works")[0])
    walk = Walk(page)
    problems = look_at(page, "/exams/halden-presales/", walk)
    attempt = candidate.enter_exam(page)
    pages = {kind: f"items/{number}/" for number, (kind, _) in enumerate(demo.keys(attempt), 1)}
    for kind, path in {**pages, "review": "review/"}.items():
        problems += [f"{kind}: {one}" for one in look_at(page, f"/exams/attempts/{attempt}/{path}", walk)]
    assert problems == []
