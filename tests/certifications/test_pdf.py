"""The certificate as PDF: any script, in order, embedded, equal bytes."""

import dataclasses
import io
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pypdf
import pytest

from certifications.models import Credential
from certifications.pdf import render_pdf
from certifications.pdf.document import draw_certificate
from certifications.pdf.faces import han_language
from certifications.pdf.layouts import NAME
from certifications.pdf.setting import Page
from certifications.pdf.shaping import levels, shape
from certifications.snapshot import Snapshot
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

NAMES = {
    "Vietnamese": "Nguyễn Thị Phượng Việt",
    "Polish": "Żółć Gęślą Łukasz",
    "Arabic": "محمد علي الأحمد",
    "Hebrew": "שלום כהן",
    "Chinese": "王小明",
    "Japanese": "佐藤 美咲さくら",
    "Korean": "김민준",
    "Cyrillic": "Дмитрий Ёлкин",
    "Greek": "Αλέξανδρος Οδυσσεύς",
    "Devanagari": "प्रियंका शर्मा किरण क्षितिज",
    "Thai": "สมชาย ใจดี",
    "mixed": "Ann 王小明 Иван",
    "markup": "R&D <b>Ann</b> </para>",
    "image": '<img src="/etc/passwd"/>',
    "formula": "=1+1 (\\) x\\y",
    "Persian": "علی\u200cرضا",
}
VERIFY = "http://127.0.0.1:8000/verify/abcdefghijklmnopqrstuv/"


def snapshot(name: str = "Ann Example", **changes: object) -> Snapshot:
    said = Snapshot(
        title="Halden Certified Engineer",
        number=1,
        description="",
        criteria="Sizes and protects storage without help.",
        issuer_name="Halden",
        programme_name="Halden Partners",
        site_url="http://127.0.0.1:8000",
        holder_name=name,
        partner_name="Kestrel",
        country="",
        issued_on="2026-11-16",
        expires_on="2028-11-16",
        percent=None,
        sections=(),
        requirements=(),
        statement_id="6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11",
    )
    return dataclasses.replace(said, **changes)  # type: ignore[arg-type]


def drawn(said: Snapshot) -> bytes:
    return draw_certificate(said, credential_id="abcdefghijklmnopqrstuv", verify_url=VERIFY)


def text_of(data: bytes) -> str:
    return pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()


def words(text: str) -> str:
    """Without the marks of direction that readers add, blanks as one."""
    return " ".join(re.sub("[\u200e\u200f\u202a-\u202e]", "", text).split())


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_name_of_any_script_reads_as_written(name: str) -> None:
    """CERT-05: text is shown as text, whatever it looks like."""
    assert name in words(text_of(drawn(snapshot(name))))


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed; .ci/run installs it")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_pdftotext_reads_the_page_in_order(name: str, tmp_path: Path) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(drawn(snapshot(name)))
    out = words(subprocess.run(["pdftotext", "-layout", file, "-"], check=True, capture_output=True).stdout.decode())
    order = [
        "Halden Partners",
        "This certifies that",
        name,
        "has earned the certification",
        "Halden Certified Engineer",
    ]
    order += ["16 November 2026", "127.0.0.1:8000/verify/abcdefghijklmnopqrstuv/", "Certificate abcdefghijklmnopqrstuv"]
    places = [out.find(part) for part in order]
    assert -1 not in places, out
    assert places == sorted(places)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_font_is_an_embedded_truetype_subset(name: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(drawn(snapshot(name))))
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    assert len(fonts) >= 2
    for font in (reference.get_object() for reference in fonts.values()):
        descendant = font["/DescendantFonts"][0].get_object()
        assert (font["/Subtype"], descendant["/Subtype"]) == ("/Type0", "/CIDFontType2")
        assert re.match(r"/[A-Z]{6}\+", font["/BaseFont"])
        program = descendant["/FontDescriptor"]["/FontFile2"].get_object().get_data()
        assert program.startswith(b"\0\1\0\0")
        assert len(program) < 60_000
        assert "/ToUnicode" in font


@pytest.mark.parametrize("name", ["Ann Example", NAMES["Arabic"], NAMES["Japanese"]])
def test_same_credential_gives_the_same_bytes(name: str) -> None:
    assert drawn(snapshot(name)) == drawn(snapshot(name))
    assert drawn(snapshot(name)) != drawn(snapshot(name + "a"))


def test_document_says_what_it_is() -> None:
    reader = pypdf.PdfReader(io.BytesIO(drawn(snapshot())))
    assert reader.metadata is not None
    assert reader.metadata.title == "Halden Certified Engineer: Ann Example"
    assert reader.metadata.author == "Halden"
    assert reader.trailer["/Root"]["/Lang"] == "en-GB"  # type: ignore[index]
    assert (round(float(reader.pages[0].mediabox.width)), len(reader.pages)) == (842, 1)


def test_no_image_and_no_foreign_link_comes_from_a_name() -> None:
    """CERT-05: a name embeds no file and makes no link; the only link is our own."""
    page = pypdf.PdfReader(
        io.BytesIO(drawn(snapshot('<img src="/srv/secret.png"/><a href="javascript:1">Ann</a>')))
    ).pages[0]
    assert "/XObject" not in page["/Resources"]  # type: ignore[operator]
    annotations = [reference.get_object() for reference in page["/Annots"]]  # type: ignore[attr-defined]
    assert [annotation["/A"]["/URI"] for annotation in annotations] == [VERIFY]


@pytest.mark.parametrize(
    "name",
    [
        "Maria Antónia Wolfeschlegelsteinhausenbergerdorff de Albuquerque e Sousa von Hohenzollern-Sigmaringen",
        "W" * 150,
        "王" * 150,
        "محمد " * 30,
        "a " * 75,
        "\u0301" * 150,
        "x" * 20_000,
    ],
    ids=["long", "unbroken", "han", "arabic", "short words", "only marks", "20 kB"],
)
def test_long_names_stay_on_the_page(name: str) -> None:
    """CERT-05: 20 kB of name still makes one page, within its margins."""
    page = Page.__new__(Page)
    page.country = ""
    lines, style = page.fit(name, NAME, room=674, max_lines=3)
    assert len(lines) <= 3
    assert all(page.length(line, style) <= 674 + style.size for line in lines)
    assert drawn(snapshot(name)).startswith(b"%PDF-1.7")


def test_short_name_is_not_shrunk() -> None:
    page = Page.__new__(Page)
    page.country = ""
    assert page.fit("Ann Example", NAME, room=674, max_lines=3) == (["Ann Example"], NAME)


@pytest.mark.parametrize("name", ["", " ", "\u200b", "😀", "\u0600", "\u202eAnn"])
def test_odd_names_still_make_a_page(name: str) -> None:
    assert drawn(snapshot(name)).startswith(b"%PDF")


def test_han_follows_kana_hangul_and_country() -> None:
    assert [
        han_language(*asked) for asked in [("さくら", "CN"), ("김", "JP"), ("佐藤", "JP"), ("王", "TW"), ("王", "")]
    ] == [
        "ja",
        "ko",
        "ja",
        "zh-hant",
        "zh",
    ]


def test_levels_follow_the_bidi_algorithm() -> None:
    assert levels("ab 12") == [0] * 5
    assert levels("אב ab 12") == [1, 1, 1, 2, 2, 2, 2, 2]
    assert levels("ab אב") == [0, 0, 0, 1, 1]


def test_mixed_directions_stand_in_visual_order() -> None:
    from certifications.pdf.faces import typeface

    runs = shape("ab אבג cd", typeface(serif=False, weight=400, optical_size=12, han="zh"))
    assert "".join(glyph.text for run in runs for glyph in run.glyphs) == "ab גבא cd"


@pytest.mark.django_db
def test_render_uses_the_snapshot_and_the_configured_site(now: datetime) -> None:
    """CERT-07: the address on it comes from SITE_URL."""
    membership = MembershipFactory(person=UserFactory(name="佐藤 美咲"), partner=PartnerFactory(country="JP"))
    issued = credential(now, membership=membership)
    membership.person.name = "Somebody Else"
    membership.person.save(update_fields=["name"])
    text = text_of(render_pdf(Credential.objects.get(pk=issued.pk)))
    assert "佐藤 美咲" in text
    assert f"127.0.0.1:8000/verify/{issued.public_id}/" in text


@pytest.mark.skipif(
    shutil.which("zbarimg") is None or shutil.which("pdftoppm") is None, reason="zbar-tools or poppler-utils missing"
)
def test_code_leads_to_the_public_page(tmp_path: Path) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(drawn(snapshot()))
    subprocess.run(["pdftoppm", "-r", "110", "-png", file, tmp_path / "page"], check=True)
    read = subprocess.run(["zbarimg", "-q", "--raw", tmp_path / "page-1.png"], check=True, capture_output=True)
    assert read.stdout.decode().strip() == VERIFY
