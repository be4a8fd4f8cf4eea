"""What is taken as an asset, by its content (area UP)."""

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import TemporaryUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lms.assets.contents import MAX_BYTES, MEDIA_TYPES, Content, judge
from lms.assets.errors import BadFile
from lms.assets.forms import AssetForm
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


def sized(width: int, height: int) -> bytes:
    """A PNG whose header says so; nothing of that size is ever made."""
    png = picture("PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def heavy(size: int) -> bytes:
    """A PNG with so many bytes of something that is no pixel."""
    png, extra = picture("PNG"), b"teXt" + bytes(size)
    return png[:-12] + struct.pack(">I", size) + extra + struct.pack(">I", zlib.crc32(extra)) + png[-12:]


def drawing(inside: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{inside}</svg>'.encode()


MACROS = office("word/document.xml", **{"word/vbaProject.bin": b"x"})


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (heavy(10_200_000), "logo.png", "The picture has 10.3 MB; at most 10 MB are taken. Make it smaller"),
        (sized(8000, 5001), "photo.jpg", "has 40.0 megapixels (8000 × 5001); at most 40 are taken"),
        (sized(14000, 13000), "photo.jpg", "far more than the 40 megapixels"),
        (picture("PNG")[:-20], "logo.png", "is damaged"),
        (drawing('<use href="#a"/>'), "logo.svg", "has <use> in line 2, which is not taken because it can load"),
        (drawing('<rect fill="red" href="#a"/>'), "logo.svg", "has href in line 2"),
        (drawing("<script>1</script>"), "logo.svg", "has <script> in line 2, which is not taken because it can run"),
        (drawing('<rect onload="1"/>'), "logo.svg", "has onload in line 2, which is not taken because it can run"),
        (drawing("<rect"), "logo.svg", "cannot be read. The XML is not well formed at line 2"),
        (drawing(f"<desc>{'x' * 1_000_000}</desc>"), "logo.svg", "has 1.1 MB; at most 1 MB are taken"),
        (b"<html></html>", "logo.svg", "its content is no drawing"),
        (
            "Preis,Größe\n".encode("cp1252"),
            "list.csv",
            "line 1 has signs in another encoding. In Excel choose “CSV UTF-8”",
        ),
        (
            "a\nGrüße".encode("cp1252"),
            "mail.txt",
            "line 2 has signs in another encoding. Save it with the encoding UTF-8",
        ),
        ("Grüße".encode("cp1252"), "mail.html", "not in UTF-8"),
        (b"a\x00b", "mail.txt", "control characters"),
        (b"  \n", "mail.txt", "nothing in the file but blanks"),
        (MACROS, "letter.docx", "holds macros, which are not taken. Save it as .docx without"),
        (MACROS, "letter.docm", "with macros are not taken. Save it as .docx"),
        (office("something/else.xml"), "letter.docx", "no document that is known here. Save it as PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(80), "prices.xlsx", "behind a password"),
        (b"old", "letter.doc", "Files called .doc are not taken. Save it as .docx"),
        (b"x", "tool.exe", "Choose one of: csv, docx"),
        (b"OggS" + bytes(80), "song.ogg", "Sound files are not taken"),
        (b"OggS" + bytes(80), "song.txt", "Sound files are not taken"),
        (b"neither", "sheet.pdf", "called .pdf, but its content is something else, or damaged"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(content: bytes, name: str, words: str) -> None:
    with pytest.raises(BadFile) as caught:
        judged(content, name)
    assert words in caught.value.message


def test_what_is_taken_is_said_beforehand() -> None:
    words = str(AssetForm.base_fields["file"].help_text)
    for limit in ("50 MB", "videos 500 MB", "pictures 10 MB and 40 megapixels", "UTF-8", "without macros"):
        assert limit in words
    assert "<" not in words  # the admin shows it unescaped


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
