"""What people write is text, or cleaned markup; nothing else reaches a page."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from wagtail import blocks

from cms.blocks import BodyBlock, CleanText, FoldBlock, TextBlock
from cms.checks import no_unclean_blocks, shows_markup
from cms.models import CoursePage, LibraryPage
from cms.rendering import BODY, render_segments
from courses import services
from lms.accounts.models import User
from tests.cms.conftest import course_data, make_page, signed_in

MARK = "<script>alert(1)</script><img src=x onerror=alert(2)><b onclick=alert(3)>bold</b><style>p{}</style>"


def html_of(*raw: dict[str, Any]) -> str:
    return "".join(segment.html for segment in render_segments(BODY.to_python(list(raw))))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "jav&#x09;ascript:alert(1)",
        "java\nscript:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "http://plain.example/",
        "file:///etc/passwd",
    ],
)
def test_links_go_to_https_and_mailto_only(address: str) -> None:
    html = html_of({"type": "rich_text", "value": f'<p><a href="{address}">link</a></p>'})
    assert "href" not in html
    assert "link" in html


def test_honest_links_stay() -> None:
    html = html_of(
        {"type": "rich_text", "value": '<p><a href="https://a.example/">a</a> <a href="mailto:b@c.example">b</a></p>'}
    )
    assert 'href="https://a.example/"' in html
    assert 'href="mailto:b@c.example"' in html


def test_link_to_a_page_of_ours_is_expanded(page: CoursePage) -> None:
    html = html_of({"type": "rich_text", "value": f'<p><a linktype="page" id="{page.pk}">course</a></p>'})
    assert 'href="/library/sizing/"' in html


RICH = [
    {"type": "rich_text", "value": MARK},
    {"type": "callout", "value": {"tone": "info", "title": MARK, "text": MARK}},
    {"type": "accordion", "value": [{"title": MARK, "text": MARK}]},
    {"type": "video", "value": {"title": MARK, "transcript": MARK}},
]
PLAIN = [
    {"type": "three_points", "value": {"problem": MARK, "solution": MARK, "contact": MARK}},
    {"type": "image", "value": {"image": None, "alt": MARK, "caption": MARK}},
    {"type": "code", "value": {"language": MARK, "code": MARK}},
    {"type": "download", "value": {"file": None, "title": MARK}},
]


@pytest.mark.parametrize("raw", [*RICH, *PLAIN], ids=lambda raw: raw["type"])
def test_no_block_lets_markup_through(raw: dict[str, Any], db: None) -> None:
    html = html_of(raw)
    for trace in ("<script", "<img src=x", "onclick=alert(3)>", "<style"):
        assert trace not in html.replace("&lt;", "\u2039")
    assert "bold" in html


def test_code_is_shown_as_written() -> None:
    html = html_of({"type": "code", "value": {"language": "html", "code": "<b>{{ 7 }}</b> & {% load x %}"}})
    assert "&lt;b&gt;{{ 7 }}&lt;/b&gt; &amp; {% load x %}" in html


def test_rich_text_is_cleaned_however_it_came_in() -> None:
    block = TextBlock()
    for value in (block.to_python(MARK), block.normalize(MARK), block.value_from_form(MARK)):
        assert isinstance(value, CleanText)
        assert "<script" not in str(value)
    assert "<script" not in block.render(blocks.RichTextBlock().to_python(MARK))
    fold = FoldBlock().to_python({"title": "t", "text": MARK})
    assert "<script" not in str(fold["text"])


def test_a_plain_rich_text_block_would_let_it_through(db: None) -> None:
    assert "<script" in str(blocks.RichTextBlock().to_python(MARK))


def test_markup_in_a_published_lesson_is_harmless(
    library: LibraryPage, author: User, reviewer: User, rep: User, media: Path, now: datetime
) -> None:
    modules = course_data()["modules"]
    modules[0]["title"] = modules[0]["objectives"][0] = MARK
    modules[0]["resources"] = [{"title": MARK, "text": MARK}]
    modules[0]["lessons"][0] |= {"title": MARK, "body": [*RICH[:3], PLAIN[0], PLAIN[2]]}
    page = make_page(
        library,
        author,
        reviewer,
        media,
        now,
        title=f"Title {MARK}"[:200],
        promise=MARK,
        objectives=[MARK],
        modules=modules,
    )
    services.enrol_person(person=rep, course=page.course, membership=rep.memberships.get(), at=now)
    client = signed_in(rep)
    for url in ("/library/sizing/", "/learn/sizing/first/", "/catalogue/", "/catalogue/?q=%3Cscript%3E"):
        html = client.get(url).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "onclick=" not in html.replace("&lt;b onclick=", "")


def test_no_page_holds_a_block_that_shows_raw_markup() -> None:
    assert no_unclean_blocks(None) == []


@pytest.mark.parametrize("kind", [blocks.RawHTMLBlock, blocks.RichTextBlock])
def test_check_finds_a_block_that_shows_raw_markup(kind: type[blocks.Block]) -> None:
    assert shows_markup(kind()) is True


def test_check_looks_into_every_level(monkeypatch: pytest.MonkeyPatch) -> None:
    field = CoursePage._meta.get_field("modules")
    nested = blocks.StreamBlock([("a", blocks.ListBlock(blocks.StructBlock([("raw", blocks.RawHTMLBlock())])))])
    monkeypatch.setattr(field, "stream_block", nested)
    assert [error.id for error in no_unclean_blocks(None)] == ["cms.E001"]


def test_body_offers_no_heading_above_the_pages_own() -> None:
    assert "h1" not in BodyBlock().child_blocks["rich_text"].features
