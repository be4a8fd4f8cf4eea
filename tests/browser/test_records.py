"""The statement browser is live: what is stored meanwhile is told, and shown on request, without a new page."""

from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, PageAs
from tests.browser.demo import PORTAL_MANAGER, Demo
from tests.browser.look import faults

THING = "https://elsewhere.example/simulators/{width}"
SAY = """
from django.utils import timezone
from lms.xapi.services import create_credential, record

credential, _ = create_credential(name="Simulator", scopes=["statements/write"], at=timezone.now())
one = {{
    "actor": {{"name": "Mina Okafor", "mbox": "mailto:mina@elsewhere.example"}},
    "verb": {{"id": "http://adlnet.gov/expapi/verbs/experienced", "display": {{"en": "experienced"}}}},
    "object": {{"id": "{thing}", "definition": {{"name": {{"en": "Duct simulator {width}"}}}}}},
}}
print(len(record([one] * 3, authority=credential.authority, at=timezone.now())))
"""


def test_new_records_are_told_and_shown_without_a_new_page(demo: Demo, page_as: PageAs) -> None:
    for width in (PHONE, DESK):
        page = page_as(PORTAL_MANAGER, width)
        page.goto("/records/")
        page.evaluate("window.isTheSamePage = true")
        rows = page.locator("#records").get_by_role("listitem")
        before = rows.count()
        show = page.get_by_role("status").get_by_role("link")
        expect(show).to_have_count(0)
        assert demo.ask(SAY.format(thing=THING.format(width=width), width=width)) == 3
        expect(show).to_have_text("Show 3 new records")  # within the 15 seconds between two questions
        assert faults(page) == []
        show.click()
        expect(rows.filter(has_text=f"Mina Okafor looked at Duct simulator {width}")).to_have_count(3)
        expect(show).to_have_count(0)
        assert rows.count() in (before, before + 3)
        assert page.evaluate("window.isTheSamePage")
