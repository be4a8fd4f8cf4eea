"""What a course's author and its reviewer do in the Wagtail admin."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from playwright.sync_api import Locator, Page, expect

# Wagtail saves a draft while it is written; before the required fields are filled it is refused, and tried again.
AUTOSAVE_REFUSED = r"POST \S+/admin/pages/\S+ answered 400"


@dataclass(frozen=True)
class Draft:
    """A small course: one module, one lesson with a text and a knowledge check."""

    title: str
    question: str  # the code of an item that a lesson may ask


def write_course(page: Page, draft: Draft) -> None:
    """Creates the course page, sees it as two personas, and hands it in for review."""
    page.goto("/admin/pages/")
    page.get_by_role("link", name="Add child page").first.click()
    page.get_by_role("link", name=re.compile("^Course page")).click()
    page.get_by_role("textbox", name="Title*").fill(draft.title)
    page.get_by_role("textbox", name="Promise*").fill("You can read a map of sites and tell which need a collector.")
    objectives = page.locator("#panel-child-content-objectives-section")
    objectives.get_by_role("button", name="Insert a block").click()
    objectives.get_by_role("textbox").fill("Find the sites without a collector")
    _write_module(page.locator("#panel-child-content-modules-section"), draft)
    page.get_by_label("Need*", exact=True).select_option("Close a deal")
    page.get_by_label("Personas", exact=True).select_option("Sales rep")
    owner = page.get_by_label("Content owner*", exact=True)
    assert "Inès Navarro" not in owner.inner_text(), "partners' people cannot keep a page of the vendor's true"
    owner.select_option("Maren Aldous")
    page.get_by_label("Review by*", exact=True).fill((date.today() + timedelta(days=180)).isoformat())
    page.keyboard.press("Escape")
    _preview(page, draft)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name=re.compile("^Submit to")).click()
    expect(page.get_by_text(re.compile("submitted for moderation")).first).to_be_visible()


def _write_module(modules: Locator, draft: Draft) -> None:
    page = modules.page
    modules.get_by_role("button", name="Insert a block").click()
    module = modules.get_by_role("region", name="Module")
    module.get_by_role("textbox", name="Title*").fill("The map")
    module.locator("[data-contentpath='objectives']").get_by_role("textbox").fill("Read the legend")
    module.locator("[data-contentpath='lessons']").get_by_role("button", name="Insert a block").click()
    lesson = module.get_by_role("region", name="Lesson")
    lesson.get_by_role("textbox", name="Title*").fill("The legend")
    lesson.get_by_role("textbox", name="Address*").fill("the-legend")
    lesson.get_by_role("spinbutton", name="Minutes*").fill("4")
    body = lesson.locator("[data-contentpath='body']")
    _insert(body, "Text")
    body.locator("[contenteditable=true]").first.click()
    page.keyboard.type("A green dot is a site with a collector. A grey dot is a site without.")
    _insert(body, "Knowledge check")
    body.get_by_role("button", name="Choose a question").click()
    chooser = page.get_by_role("dialog")
    chooser.get_by_label("Search").fill(draft.question)
    chooser.get_by_role("link", name=re.compile(draft.question)).first.click()
    expect(chooser).to_be_hidden()


def _insert(body: Locator, block: str) -> None:
    body.get_by_role("button", name="Insert a block").last.click()
    body.page.get_by_role("option", name=block, exact=True).click()


def _preview(page: Page, draft: Draft) -> None:
    """As a sales rep the course is there; as marketing it is hidden, and the preview says so."""
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()  # what is saved anew begins a new preview
    page.get_by_role("button", name="Toggle preview").click()
    frame = page.frame_locator("iframe[title='Preview']").last
    expect(frame.get_by_role("heading", name=draft.title)).to_be_visible()
    _preview_as(page, "Sales rep")
    expect(frame.get_by_text("As Sales rep sees it")).to_be_visible()
    expect(frame.get_by_role("heading", name=draft.title)).to_be_visible()
    _preview_as(page, "Marketing")
    expect(frame.get_by_text("Not shown to this role")).to_be_visible()
    expect(frame.get_by_role("heading", name=draft.title)).to_be_hidden()


def _preview_as(page: Page, persona: str) -> None:
    """Wagtail drops a choice that is made while a preview loads: its spinner must be gone first."""
    expect(page.locator("[data-w-preview-target='spinner']")).to_be_hidden()
    page.get_by_label("Preview mode").select_option(f"As {persona}")


def approve(page: Page, draft: Draft) -> None:
    """The reviewer finds the course among what waits and publishes it."""
    page.goto("/admin/")
    page.get_by_role("link", name=draft.title).first.click()
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name=re.compile("^Approve and publish$", re.IGNORECASE)).first.click()
    row = page.get_by_role("row").filter(has_text=draft.title)
    expect(row.get_by_role("link", name="Live")).to_be_visible()
