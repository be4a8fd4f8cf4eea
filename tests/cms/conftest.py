"""A site as set up, and its people."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from PIL import Image

from cms.models import CoursePage, LibraryPage
from cms.services import build_course_page, set_up_site
from lms.accounts.models import User
from tests.factories import MembershipFactory, UserFactory


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def library(db: None) -> LibraryPage:
    return set_up_site()


def staff(group: str) -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def author(library: LibraryPage) -> User:
    return staff("Channel marketing")


@pytest.fixture
def reviewer(library: LibraryPage) -> User:
    return staff("Content reviewers")


@pytest.fixture
def rep(library: LibraryPage) -> User:
    person: User = MembershipFactory(persona__slug="sales_rep").person
    return person


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "demo-media"
    folder.mkdir()
    Image.new("RGB", (1600, 900), "#1F6F54").save(folder / "picture.png")
    (folder / "film.webm").write_bytes(b"\x1aE\xdf\xa3" + bytes(range(256)) * 4)
    (folder / "film.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")
    (folder / "sheet.csv").write_text("site,events\nshop,5\n")
    return folder


TEXT = {"type": "rich_text", "value": "<p>First <b>words</b>.</p>"}


def rich_body() -> list[dict[str, Any]]:
    """One block of each kind but the knowledge check."""
    return [
        TEXT,
        {"type": "three_points", "value": {"problem": "Dark", "solution": "Light", "contact": "Desk"}},
        {"type": "image", "value": {"file": "picture.png", "alt": "A green field", "caption": "Green"}},
        {"type": "callout", "value": {"tone": "do_not_say", "title": "Real time", "text": "<p>Say 30 s.</p>"}},
        {"type": "code", "value": {"language": "bash", "code": "echo <b>"}},
        {"type": "accordion", "value": [{"title": "Fold", "text": "<p>Folded.</p>"}]},
        {"type": "download", "value": {"file": "sheet.csv", "title": "The sheet"}},
        {
            "type": "video",
            "value": {
                "file": "film.webm",
                "captions": "film.vtt",
                "poster": "picture.png",
                "title": "The film",
                "transcript": "<p>Hello.</p>",
            },
        },
    ]


def course_data(body: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A course file with two lessons; `body` is what stands in the first."""
    modules = [
        {
            "title": "Basics",
            "objectives": ["Know it"],
            "lessons": [
                {"slug": "first", "title": "First lesson", "minutes": 6, "body": body or [TEXT]},
                {"slug": "second", "title": "Second lesson", "minutes": 4, "body": [TEXT]},
            ],
            "resources": [{"title": "Sheet", "text": "Two pages"}],
        }
    ]
    return {
        "slug": "sizing",
        "title": "Sizing Halden",
        "promise": "You can size it.",
        "need": "get-certified",
        "personas": [],
        "partner_types": [],
        "regions": [],
        "minimum_tier": "",
        "review_in_months": 12,
        "objectives": ["Size it"],
        "modules": modules,
    } | changes


@pytest.fixture
def page(library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime) -> CoursePage:
    return make_page(library, author, reviewer, media, now)


@pytest.fixture
def rich_page(library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime) -> CoursePage:
    return make_page(library, author, reviewer, media, now, body=rich_body())


def make_page(
    library: LibraryPage, author: User, reviewer: User, media: Path, now: datetime, **changes: Any
) -> CoursePage:
    return build_course_page(
        parent=library, data=course_data(**changes), media=media, owner=author, at=now, publish_by=reviewer
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def overdue(page: CoursePage) -> None:
    """Past its review date since yesterday, as page and as course."""
    yesterday = date(2020, 1, 1)
    CoursePage.objects.filter(pk=page.pk).update(review_on=yesterday)
    page.course.__class__.objects.filter(pk=page.course_id).update(review_on=yesterday)
