"""Badges in pictures and PDF: written once and plain, read by openbadgeslib; and files made to hurt."""

import io
import json
import struct
import zlib
from datetime import datetime

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from openbadgeslib import baking as outside
from PIL import Image
from pypdf import PdfWriter

from badges import baking, carriers
from badges.baking import KEYWORD, NAMESPACE, NotBaked
from badges.images.design import Design, InvalidDesign
from badges.images.drawing import as_png, as_svg
from badges.images.icons import ICONS
from badges.images.shapes import SHAPES
from badges.models import Award
from badges.verification import verify
from lms.common.errors import DomainError
from tests.badges.factories import awarded

PICTURE = as_png(Design())


def itxt(text: bytes, *, flag: bytes = b"\0", keyword: bytes = KEYWORD) -> bytes:
    return baking._chunk(b"iTXt", keyword + b"\0" + flag + b"\0\0\0" + text)


def with_chunks(*chunks: bytes) -> bytes:
    """A picture with chunks before its end."""
    return PICTURE[:-12] + b"".join(chunks) + PICTURE[-12:]


@pytest.fixture
def award(now: datetime) -> Award:
    return awarded(now)


@pytest.mark.django_db
def test_baked_png_is_read_by_an_outside_library(award: Award, now: datetime) -> None:
    response = Client().get(f"/badges/awards/{award.public_id}.png")
    assert response["Content-Type"] == "image/png"
    found = outside.extract_png(response.content, keyword=outside.ITXT_KEYWORD_OB3)
    assert found is not None
    assert json.loads(found) == award.document
    assert response.content.count(KEYWORD) == 1
    chunk = response.content[response.content.index(KEYWORD) :]
    assert chunk[len(KEYWORD) : len(KEYWORD) + 5] == b"\0\0\0\0\0"
    Image.open(io.BytesIO(response.content)).load()
    assert verify(response.content, at=now).is_valid


@pytest.mark.django_db
def test_baked_svg_is_read_by_an_outside_library(award: Award, now: datetime) -> None:
    response = Client().get(f"/badges/awards/{award.public_id}.svg")
    assert response["Content-Type"] == "image/svg+xml"
    assert "sandbox" in response["Content-Security-Policy"]
    found = outside.extract_svg(response.content, element=outside.SVG_ELEMENT_OB3, text_fallback=True)
    assert found is not None
    assert json.loads(found) == award.document
    assert verify(response.content, at=now).is_valid


def pdf_with(*contents: bytes) -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    for number, content in enumerate(contents):
        writer.add_attachment(f"badge-{number}.json", content)
    writer.write(out)
    return out.getvalue()


@pytest.mark.django_db
def test_badge_in_a_pdf_is_verified(award: Award, now: datetime) -> None:
    content = json.dumps(award.document).encode()
    assert verify(pdf_with(content), at=now).is_valid
    assert verify(pdf_with(content, content), at=now).words.startswith("More than one badge")
    assert verify(pdf_with(), at=now).words.startswith("No badge is attached")
    assert verify(pdf_with(b" " * 500_000), at=now).words.endswith("too long.")


def test_baking_twice_leaves_one() -> None:
    once = baking.bake_png(PICTURE, "first")
    assert baking.from_png(baking.bake_png(once, "second")) == "second"


@pytest.mark.parametrize("text", ["]]>", "a]]>b", "<script>", "&amp;", "é😀"])
def test_text_survives_the_drawing(text: str) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False)
    baked = baking.bake_svg(as_svg(Design()), document).encode()
    assert json.loads(baking.from_svg(baked)) == {"name": text}


@pytest.mark.parametrize(
    "data",
    [
        PICTURE,
        with_chunks(itxt(b"{}"), itxt(b"{}")),
        with_chunks(itxt(b"{}", flag=b"\2")),
        with_chunks(baking._chunk(b"iTXt", KEYWORD + b"\0\0\0")),
        with_chunks(itxt(zlib.compress(b"0" * 50_000_000), flag=b"\1")),
        with_chunks(itxt(zlib.compress(b"{}")[:-3], flag=b"\1")),
        with_chunks(itxt(b"not zlib", flag=b"\1")),
        with_chunks(itxt(b"0" * 500_000)),
        with_chunks(itxt(b"\xff\xfe")),
        with_chunks(*[itxt(b"x", keyword=b"Comment")] * 2_100),
        with_chunks(itxt(b"{}"))[:-20],
        with_chunks(itxt(b"{}")).replace(b"IEND", b"IENE"),
        with_chunks(itxt(b"{}"))[:-12],
        with_chunks(itxt(b"{}")).replace(KEYWORD, KEYWORD[::-1]),
        baking._SIGNATURE + struct.pack(">I", 2**31) + b"IHDR",
    ],
)
def test_png_that_is_doubled_bombed_or_broken_is_refused(data: bytes) -> None:
    with pytest.raises(NotBaked):
        baking.from_png(data)


def test_compressed_text_of_others_is_read() -> None:
    assert baking.from_png(with_chunks(itxt(zlib.compress(b"{}"), flag=b"\1"))) == "{}"


_ELEMENT = f'<o:credential xmlns:o="{NAMESPACE}" verify="eyJ.a.b"/>'


@pytest.mark.parametrize(
    "svg",
    [
        "<svg/>",
        f"<svg>{_ELEMENT}{_ELEMENT}</svg>",
        f'<!DOCTYPE svg [<!ENTITY a "b">]><svg>{_ELEMENT}</svg>',
        f'<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg>{_ELEMENT}</svg>',
        "<svg",
        "<svg>" * 100_000,
    ],
)
def test_svg_that_is_doubled_or_broken_is_refused(svg: str) -> None:
    with pytest.raises(NotBaked):
        baking.from_svg(svg.encode())


def test_token_in_an_attribute_is_read() -> None:
    assert baking.from_svg(f"<svg>{_ELEMENT}<script>alert(1)</script></svg>".encode()) == "eyJ.a.b"


@given(st.binary(max_size=400))
def test_every_file_has_an_answer(data: bytes) -> None:
    for content in (data, baking._SIGNATURE + data, b"<svg>" + data, b"%PDF-1.7\n" + data, PICTURE[:60] + data):
        try:
            carriers.open_carrier(content)
        except DomainError as error:
            assert error.message.endswith((".", "refused."))


# --- Drawing ---


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_and_icon_is_drawn(shape: str) -> None:
    for icon in ["", *ICONS]:
        svg = as_svg(Design(shape=shape, icon=icon, line_1="One", line_2="Two"), title='R&D "<b>"')
        assert svg.count("<polygon") == 4 + len(ICONS.get(icon, ()))
        assert "<b>" not in svg
    picture = Image.open(io.BytesIO(as_png(Design(shape=shape, line_1="مهندس", line_2="認定"))))
    assert (picture.size, picture.mode) == ((512, 512), "RGBA")
    assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        {"shape": "../circle"},
        {"icon": "skull"},
        {"fill": "red"},
        {"rim": '#fff"/><script>'},
        {"ink": "#FFFFFF"},
        {"line_1": "x" * 25},
        {"line_2": "a\u202eb"},
    ],
)
def test_what_is_no_design_is_never_drawn(change: dict[str, str]) -> None:
    with pytest.raises(InvalidDesign):
        Design(**change)


def test_text_of_a_design_is_text() -> None:
    svg = as_svg(Design(line_1="<script>", line_2='"&'))
    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg
