"""What is taken as an asset, by its content (area UP)."""

import contextlib
import io
import zipfile

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lms.assets.contents import MAX_BYTES, MEDIA_TYPES, Content, judge
from lms.assets.errors import BadFile
from lms.assets.scanning import scan
from lms.common.guards import UnsafeInput
from tests.assets.factories import PDF

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return out.getvalue()


def office(part: str, **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", part):
            archive.writestr(name, b"<x/>")
        for name, content in more.items():
            archive.writestr(name, content)
    return out.getvalue()


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "#1F6F54").save(out, kind)
    return out.getvalue()


def judged(content: bytes, name: str) -> Content:
    file = ContentFile(content)
    found = judge(file, name)
    assert file.tell() == 0
    return found


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PDF, "sheet.PDF", "pdf"),
        (office("word/document.xml"), "letter.docx", "docx"),
        (office("xl/workbook.xml"), "prices.xlsx", "xlsx"),
        (office("ppt/presentation.xml"), "deck.pptx", "pptx"),
        (zipped(logo_dot_png=b"x"), "logos.zip", "zip"),
        (picture("PNG"), "logo.png", "png"),
        (picture("JPEG"), "photo.jpeg", "jpg"),
        (SVG, "logo.svg", "svg"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(80), "film.mp4", "mp4"),
        (b"\x1aE\xdf\xa3" + bytes(80), "film.webm", "webm"),
        (b"Hello,\nbest regards", "mail.txt", "txt"),
        (b"<html><script>alert(1)</script></html>", "mail.html", "html"),
        (b"a,b\n", "list.csv", "csv"),
    ],
)
def test_content_decides_what_a_file_is(content: bytes, name: str, kind: str) -> None:
    assert judged(content, name) == Content(filename=name, media_type=MEDIA_TYPES[kind])


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.pdf"),
        (b"<html></html>", "sheet.pdf"),
        (PDF, "logo.png"),
        (PDF, "no-suffix"),
        (b"MZ" + bytes(90), "tool.exe"),
        (b"MZ" + bytes(90), "tool.txt"),
        (b"\xff\xfe text", "mail.txt"),
        (b"   ", "mail.txt"),
        (office("word/document.xml", **{"word/vbaProject.bin": b"x"}), "letter.docx"),
        (office("something/else.xml"), "letter.docx"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "logo.svg"),
        (b"OggS" + bytes(80), "song.ogg"),
        (b"\x00\x00\x00\x18ftypM4A " + bytes(80), "song.mp4"),
    ],
)
def test_other_files_are_refused(content: bytes, name: str) -> None:
    with pytest.raises(BadFile):
        judged(content, name)


def test_a_bomb_is_refused() -> None:
    """UP: an archive that unpacks to many times its size."""
    with pytest.raises(UnsafeInput):
        judged(zipped(zeros=bytes(60_000_000)), "logos.zip")


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    file = ContentFile(PDF)
    file.size = MAX_BYTES + 1
    with pytest.raises(BadFile, match="at most 50 MB"):
        judge(file, "sheet.pdf")


def test_the_name_loses_its_folders_and_controls() -> None:
    assert judged(PDF, "C:\\tmp\\../a\x00b.pdf".replace("\x00", "\x07")).filename == "a b.pdf"


@given(st.binary(max_size=200), st.sampled_from(["a.pdf", "a.docx", "a.png", "a.svg", "a.zip", "a.mp4", "a.txt"]))
def test_anything_else_is_refused_by_name(content: bytes, name: str) -> None:
    """Whatever the bytes: a known media type that fits the name, or one of the two refusals."""
    with contextlib.suppress(BadFile, UnsafeInput):
        assert judged(content, name).media_type == MEDIA_TYPES[name.partition(".")[2]]


def refuse(file: ContentFile, filename: str) -> None:
    raise OSError(f"{filename}: no scanner there, after {len(file.read())} bytes")


def accept(file: ContentFile, filename: str) -> None:
    with file:  # as a client of a scanner does that sends the file on
        assert file.read() == PDF


def test_a_scanner_that_refuses_or_is_away_keeps_the_file_out(settings: object) -> None:
    settings.ASSET_SCANNER = f"{__name__}.refuse"  # type: ignore[attr-defined]
    with pytest.raises(BadFile, match="harmful"):
        scan(ContentFile(PDF), "sheet.pdf")


@pytest.mark.parametrize("kind", ["in memory", "on disk"])
def test_a_scanner_may_close_what_it_is_given(settings: object, kind: str) -> None:
    settings.ASSET_SCANNER = f"{__name__}.accept"  # type: ignore[attr-defined]
    file = ContentFile(PDF) if kind == "in memory" else TemporaryUploadedFile("sheet.pdf", "", len(PDF), None)
    if kind == "on disk":
        file.write(PDF)
        file.flush()
    scan(file, "sheet.pdf")
    assert (file.tell(), file.read()) == (0, PDF)
    file.close()
