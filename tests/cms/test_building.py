"""Pages from files."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from cms.models import CoursePage, LibraryFile, LibraryPage, Picture, PlaybookPage
from cms.services import build_playbook_page
from lms.accounts.models import User
from lms.assessments.models import Item
from lms.partners.services import set_benefits
from tests.cms.conftest import course_data, make_page, rich_body, signed_in
from tests.factories import MembershipFactory, PersonaFactory, TierNameFactory


def make_playbook(library: LibraryPage, author: User, reviewer: User, media: Path, **changes: Any) -> PlaybookPage:
    for slug in changes.get("personas", []):
        PersonaFactory(slug=slug)
    data = {
        "slug": "replace",
        "title": "Replace a monitor",
        "need": "close-a-deal",
        "personas": [],
        "minutes": 9,
        "summary": "How to replace it.",
        "how_you_earn": "You earn 18 %.\n",
        "stages": [
            {
                "title": "Find",
                "goal": "A date",
                "plays": [{"title": "Ask", "text": "<p>How did you <b>hear</b>?</p>"}],
                "questions": ["How many sites?"],
            }
        ],
        "battlecards": [
            {"competitor": "Legacy", "their_pitch": "It works", "our_answer": "So far", "do_not_say": "Outdated"}
        ],
        "stories": [{"title": "A grocer", "text": "<p>310 shops.</p>"}],
        "contacts": [{"title": "Desk", "text": "<p>desk@halden.example</p>"}],
        "review_in_months": 6,
    } | changes
    return build_playbook_page(
        parent=library, data=data, media=media, owner=author, at=timezone.now(), publish_by=reviewer
    )


def test_course_page_is_published_as_of_the_given_time(
    rich_page: CoursePage, author: User, reviewer: User, now: datetime
) -> None:
    rich_page.refresh_from_db()
    assert (rich_page.live, rich_page.content_owner, rich_page.last_published_at) == (True, author, now)
    version = rich_page.course.versions.get()
    assert (version.published_at, version.published_by, version.minutes) == (now, reviewer, 10)
    first = version.lessons.get(position=1)
    assert [block["type"] for block in first.body] == [
        "rich_text",
        "three_points",
        "image",
        "callout",
        "code",
        "accordion",
        "download",
        "video",
    ]
    assert version.modules.get().resources == [{"title": "Sheet", "text": "Two pages", "url": ""}]


def test_building_again_changes_nothing(
    rich_page: CoursePage, library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime
) -> None:
    assert make_page(library, author, reviewer, media, now, body=rich_body()) == rich_page
    assert (Picture.objects.count(), LibraryFile.objects.count(), rich_page.revisions.count()) == (1, 3, 1)


def test_one_file_is_stored_once_for_all_pages(
    rich_page: CoursePage, library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime
) -> None:
    make_page(library, author, reviewer, media, now, slug="other", body=rich_body())
    assert (Picture.objects.count(), LibraryFile.objects.count()) == (1, 3)


def test_audience_and_tier_reach_the_course(
    library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime
) -> None:
    persona, tier = PersonaFactory(slug="sales_rep"), TierNameFactory(slug="select")
    page = make_page(library, author, reviewer, media, now, personas=["sales_rep"], minimum_tier="select")
    course = page.course
    assert (list(course.personas.all()), course.minimum_tier, course.need) == ([persona], tier, "get-certified")


def test_review_date_is_always_still_to_come(library: LibraryPage, author: User, reviewer: User, media: Path) -> None:
    long_ago = datetime(2024, 3, 31, tzinfo=UTC)
    page = make_page(library, author, reviewer, media, long_ago, review_in_months=6)
    assert page.review_on > timezone.localdate()
    assert (page.review_on.day, page.review_on.month in {3, 9}) == (28, True)
    assert (page.review_on - timezone.localdate()).days < 200
    assert isinstance(page.review_on, date)


def test_unknown_question_or_file_is_an_error(
    library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime
) -> None:
    for block, error in (
        ({"type": "knowledge_check", "value": {"item": "nobody"}}, Item.DoesNotExist),
        ({"type": "image", "value": {"file": "nothing.png", "alt": "x"}}, FileNotFoundError),
    ):
        modules = course_data()["modules"]
        modules[0]["lessons"][0]["body"] = [block]
        with pytest.raises(error):
            make_page(library, author, reviewer, media, now, modules=modules)
    assert not CoursePage.objects.exists()


def test_playbook_shows_how_one_earns_first(library: LibraryPage, author: User, reviewer: User, media: Path) -> None:
    page = make_playbook(library, author, reviewer, media)
    assert make_playbook(library, author, reviewer, media) == page
    client = signed_in(MembershipFactory().person)
    text = client.get("/library/replace/").content.decode()
    places = [
        text.index(word)
        for word in ("How you earn", "1. Find", "How did you <b>hear</b>?", "Do not say", "310 shops", "desk@")
    ]
    assert places == sorted(places)
    assert "Playbook · 9 min to read" in client.get("/catalogue/").content.decode()


def test_playbook_that_asks_for_a_benefit_says_how_to_get_it(
    library: LibraryPage, author: User, reviewer: User, media: Path
) -> None:
    page = make_playbook(library, author, reviewer, media, required_benefit="playbooks")
    membership = MembershipFactory()
    client = signed_in(membership.person)
    answer = client.get("/library/replace/")
    text = answer.content.decode()
    assert (answer.status_code, page.title in text, "How you earn" in text) == (403, True, False)
    assert "No tier of the programme gives it at present." in text
    assert page.title in client.get("/catalogue/").content.decode()
    assert signed_in(author).get("/library/replace/").status_code == 200
    set_benefits(partner=membership.partner, benefits={"playbooks": "Playbooks"}, at=timezone.now())
    assert "How you earn" in client.get("/library/replace/").content.decode()


def test_words_of_a_closed_playbook_cannot_be_tried_out(
    library: LibraryPage, author: User, reviewer: User, media: Path
) -> None:
    page = make_playbook(library, author, reviewer, media, required_benefit="playbooks")
    membership = MembershipFactory()
    client = signed_in(membership.person)

    def found(words: str) -> tuple[bool, bool]:
        text = client.get("/catalogue/", {"q": words}).content.decode()
        return f'href="{page.url}"' in text, "with a higher tier" in text

    assert (found("grocer"), found("replace monitor")) == ((False, False), (True, True))
    set_benefits(partner=membership.partner, benefits={"playbooks": "Playbooks"}, at=timezone.now())
    assert (found("grocer"), found("replace monitor")) == ((True, False), (True, False))
    assert f'href="{page.url}"' in signed_in(author).get("/catalogue/", {"q": "grocer"}).content.decode()
