"""Copies as PDF and as pictures, read back with pdftotext, pypdf and poppler, and looked at dot by dot."""

import io
import subprocess
from contextlib import suppress

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NullObject,
    NumberObject,
    RectangleObject,
    TextStringObject,
)

from lms.assets.branding import copies, pictures
from lms.assets.branding.errors import BrandRefused, MasterUnusable
from lms.assets.branding.logos import clean_logo
from lms.assets.branding.masters import lie_of, open_master
from lms.assets.branding.template import MM, parse
from tests.assets.branding_material import A4, STAMP, a_brand, changed, document, logo_png, master_pdf, saved, written

ABOUT = copies.About(title="Datasheet", partner="Nordwind Systems")
BAND = {"id": "band", "kind": "band", "box": [0, 277, 210, 20], "colour": "primary"}
BLUE = (0x1D, 0x4F, 0x91)


def _copy(master: bytes, *zones, brand=None, logo=None, values=None, for_print=False, **more) -> copies.Copy:
    template = parse(document(*zones, **more), copies.pages_of(master))
    return copies.brand_pdf(
        master, template, brand or a_brand(), STAMP, about=ABOUT, logo=logo, values=values, for_print=for_print
    )


def _text(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def _seen(pdf: bytes, *, dpi: int = 72) -> Image.Image:
    """The first page as poppler shows it."""
    command = ["pdftoppm", "-r", str(dpi), "-f", "1", "-l", "1", "-cropbox", "-png", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return Image.open(io.BytesIO(done.stdout)).convert("RGB")


def _at(picture: Image.Image, x: float, y: float, *, dpi: int = 72) -> tuple[int, ...]:
    """The colour at a place given in millimetres from the left top corner."""
    return picture.getpixel((round(x / 25.4 * dpi), round(y / 25.4 * dpi)))


def _is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 3 for a, b in zip(one, other, strict=True))


def test_copy_keeps_every_page_and_says_whose_it_is():
    copy = _copy(master_pdf(pages=3), {"id": "contact", "kind": "contact", "box": [10, 250, 90, 20]})
    text = _text(copy.content)
    reader = PdfReader(io.BytesIO(copy.content))

    assert len(reader.pages) == 3
    assert [f"Master page {number}" in text for number in (1, 2, 3)] == [True] * 3
    for words in ("Nordwind Systems", "Hafenstraße 4, 20457 Hamburg", "nordwind.example", "Copy 7Q4K-9F2M"):
        assert words in text
    assert "Valid until 31 March 2027" in text
    assert reader.metadata is not None
    assert reader.metadata.title == "Datasheet: Nordwind Systems"
    assert reader.metadata.subject == "Copy 7Q4K-9F2M, check at https://laurel.example/copies/7Q4K9F2M/"
    assert copy.notices == ()


def test_same_arguments_give_the_same_bytes():
    master, logo = master_pdf(), clean_logo(logo_png())
    zone = {"id": "logo", "kind": "logo", "box": [10, 10, 60, 20]}

    assert _copy(master, zone, logo=logo).digest == _copy(master, zone, logo=logo).digest


def test_code_and_website_are_links():
    page = PdfReader(
        io.BytesIO(_copy(master_pdf(), {"id": "contact", "kind": "contact", "box": [10, 250, 90, 20]}).content)
    ).pages[0]

    assert [annotation.get_object()["/A"]["/URI"] for annotation in page["/Annots"]] == [
        "https://laurel.example/copies/7Q4K9F2M/",
        "https://nordwind.example",
    ]


def test_name_is_never_markup_and_its_fonts_are_inside():
    copy = _copy(master_pdf(), brand=a_brand(name="<img src='/etc/passwd'/> & Søn مرحبا 東京"))
    fonts = subprocess.run(["pdffonts", "-"], input=copy.content, capture_output=True, check=True).stdout.decode()

    assert "<img src='/etc/passwd'/> & Søn" in " ".join(_text(copy.content).split())
    noto = [line for line in fonts.splitlines() if "Noto" in line]
    assert len(noto) >= 3
    assert all(" yes yes yes " in line for line in noto)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_zone_lies_where_readers_see_it_however_the_page_is_turned(turn):
    size = A4 if turn % 180 == 0 else A4[::-1]
    copy = _copy(changed(master_pdf(size=size), turn=turn), BAND)
    seen = _seen(copy.content)

    assert seen.size in {(595, 842), (596, 842)}
    assert _at(seen, 120, 279) == BLUE
    assert _at(seen, 120, 274) == (255, 255, 255)
    assert (_at(seen, 0.4, 296.6), _at(seen, 209.6, 296.6)) == (BLUE, BLUE)


def test_boxes_are_counted_from_the_trim_box_and_the_screen_shows_no_more():
    big = (A4[0] + 40, A4[1] + 40)
    boxes = {"/TrimBox": (20, 20, 20 + A4[0], 20 + A4[1]), "/BleedBox": (8, 8, 32 + A4[0], 32 + A4[1])}
    copy = _copy(changed(master_pdf(size=big), boxes=boxes), BAND)
    page = PdfReader(io.BytesIO(copy.content)).pages[0]

    assert [float(side) for side in page.cropbox] == pytest.approx([20, 20, 20 + A4[0], 20 + A4[1]])
    assert _at(_seen(copy.content), 120, 279) == BLUE


def test_unit_of_the_page_is_minded():
    half = changed(master_pdf(size=(A4[0] / 2, A4[1] / 2)), unit=2)

    assert copies.pages_of(half)[0].width == pytest.approx(210, abs=0.1)
    page = PdfReader(io.BytesIO(_copy(half, BAND).content)).pages[0]
    assert lie_of(page).matrix(0)[0] == 0.5


def test_copy_for_print_has_a_bleed_and_bands_reach_into_it():
    copy = _copy(master_pdf(), BAND, for_print=True, crop_marks=True)
    page = PdfReader(io.BytesIO(copy.content)).pages[0]
    seen, rim = _seen(copy.content, dpi=144), (float(page.trimbox[0]) - float(page.mediabox[0])) / MM

    assert float(page.trimbox[0]) - float(page.bleedbox[0]) == pytest.approx(3 * MM)
    assert _at(seen, rim - 2.5, rim + 290, dpi=144) == BLUE
    assert _at(seen, rim - 3.4, rim + 290, dpi=144) == (255, 255, 255)
    marks = seen.crop((0, round(rim / 25.4 * 144) - 2, 20, round(rim / 25.4 * 144) + 3))
    assert min(marks.convert("L").tobytes()) < 128
    assert [notice.code for notice in copy.notices] == ["no_bleed"]


def test_bleed_of_the_master_is_kept_for_print():
    big = (A4[0] + 40, A4[1] + 40)
    boxes = {"/TrimBox": (20, 20, 20 + A4[0], 20 + A4[1]), "/BleedBox": (8, 8, 32 + A4[0], 32 + A4[1])}
    copy = _copy(changed(master_pdf(size=big), boxes=boxes), BAND, for_print=True)
    page = PdfReader(io.BytesIO(copy.content)).pages[0]

    assert float(page.trimbox[0]) - float(page.bleedbox[0]) == pytest.approx(12)
    assert copy.notices == ()


def test_logo_keeps_its_shape_and_gets_a_plate_where_it_is_not_seen():
    zone = {"id": "logo", "kind": "logo", "box": [10, 10, 60, 40], "align": "centre"}
    dark = _seen(_copy(master_pdf(), zone, logo=clean_logo(logo_png("#1d4f91"))).content)
    white = _copy(master_pdf(), zone, logo=clean_logo(logo_png("#fefefe")))

    assert _is_near(_at(dark, 20, 30), BLUE)  # the disc: 60 × 20 mm in the middle of 60 × 40
    assert _at(dark, 20, 15) == (255, 255, 255)
    assert _at(_seen(white.content), 12, 12) == (0x1B, 0x1F, 0x1D)
    assert [notice.code for notice in white.notices] == ["logo_contrast"]
    assert white.notices[0].message.endswith("It stands on a plate.")


def test_logo_that_may_have_no_plate_or_few_dots_is_told_of():
    zone = {"id": "logo", "kind": "logo", "box": [10, 10, 60, 40], "plate": "never"}
    copy = _copy(master_pdf(), zone, logo=clean_logo(logo_png("#fefefe", size=(60, 20))))

    assert [notice.code for notice in copy.notices] == ["logo_contrast", "logo_coarse"]
    assert "25 dots per inch" in copy.notices[1].message


def test_colour_that_cannot_be_read_gives_way_and_is_told_of():
    zone = {"id": "claim", "kind": "text", "box": [10, 10, 80, 12], "colour": "primary", "label": "Claim"}
    copy = _copy(master_pdf(), zone, brand=a_brand(primary="#ffcc00"), values={"claim": "word " * 24})

    assert [notice.code for notice in copy.notices] == ["colour_contrast"]
    assert "printed in #1b1f1d" in copy.notices[0].message
    tiny = zone | {"box": [10, 10, 20, 4], "lines": 1, "colour": "ink"}
    assert [notice.code for notice in _copy(master_pdf(), tiny, values={"claim": "word " * 24}).notices] == ["text_cut"]


def test_zone_that_may_be_empty_is_left_out_and_another_asks():
    zones = [
        {"id": "claim", "kind": "text", "box": [10, 10, 80, 12], "label": "Claim"},
        {"id": "logo", "kind": "logo", "box": [10, 30, 60, 20]},
        {"id": "contact", "kind": "contact", "box": [10, 60, 60, 20]},
    ]
    bare = a_brand(contact=[], website="")

    for zone, words in zip(zones, ("“Claim”", "needs a logo", "needs contact lines"), strict=True):
        with pytest.raises(BrandRefused) as refused:
            _copy(master_pdf(), zone, brand=bare)
        assert words in refused.value.message
    _copy(master_pdf(), *[zone | {"optional": True} for zone in zones], brand=bare)
    with pytest.raises(BrandRefused, match="120 are printed at most"):
        _copy(master_pdf(), zones[0], values={"claim": "x" * 121})


def _signed(pdf: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/SigFlags"): NumberObject(3)})
    return written(writer)


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda pdf: written(PdfWriter(clone_from=io.BytesIO(pdf)), user_password="x"), "The PDF is encrypted."),
        (
            lambda pdf: written(PdfWriter(clone_from=io.BytesIO(pdf)), user_password="", owner_password="x"),
            "is encrypted.",
        ),
        (lambda pdf: pdf[:300], "This PDF is broken"),
        (lambda _: b"%PDF-1.7 and nothing", "This PDF is broken"),
        (lambda _: b"", "This PDF is broken"),
        (_signed, "The PDF is signed"),
        (lambda pdf: changed(pdf, boxes={"/MediaBox": (0, 0, 3, 3)}), "too small, too large"),
        (lambda pdf: changed(pdf, boxes={"/TrimBox": (900, 900, 990, 990)}), "too small, too large"),
        (lambda _: written(PdfWriter()), "The PDF has 0 pages"),
    ],
)
def test_master_that_no_copy_can_be_made_of_is_refused_in_words(spoil, words):
    with pytest.raises(MasterUnusable) as refused:
        open_master(spoil(master_pdf()))

    assert words in refused.value.message


def test_what_acts_by_itself_is_taken_out_of_the_copy():
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    writer.add_attachment("x.exe", b"MZ")
    act = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): NameObject("/x")})
    link = DictionaryObject(
        {NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): act, NameObject("/AA"): DictionaryObject()}
    )
    writer.root_object[NameObject("/OpenAction")] = act
    writer.root_object["/Names"][NameObject("/JavaScript")] = DictionaryObject()
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/XFA"): NameObject("/x")})
    writer.pages[0][NameObject("/AA")] = DictionaryObject()
    writer.add_annotation(0, link)
    content = _copy(written(writer)).content

    assert not [
        name
        for name in (b"/JavaScript", b"/OpenAction", b"/AA <<", b"/AA\n", b"/EmbeddedFile", b"/XFA")
        if name in content
    ]


_SCRIPT = DictionaryObject(
    {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("evilscript")}
)


def _annotated(writer, **members):
    annotation = {
        "/Type": NameObject("/Annot"),
        "/Subtype": NameObject("/Link"),
        "/Rect": RectangleObject((0, 0, 9, 9)),
    }
    found = {NameObject(name): value for name, value in (annotation | members).items()}
    kept = writer._add_object(DictionaryObject(found))
    writer.pages[0][NameObject("/Annots")] = ArrayObject([kept])
    return kept


def _action(**members):
    return {"/A": DictionaryObject({NameObject(f"/{name}"): value for name, value in members.items()})}


def _in_outline(writer):
    item = writer._add_object(
        DictionaryObject({NameObject("/Title"): TextStringObject("x"), NameObject("/A"): _SCRIPT})
    )
    writer.root_object[NameObject("/Outlines")] = DictionaryObject({NameObject("/First"): item})


def _in_parent_of_field(writer):
    parent = DictionaryObject({NameObject("/AA"): DictionaryObject({NameObject("/C"): _SCRIPT})})
    field = _annotated(writer, **{"/Subtype": NameObject("/Widget"), "/Parent": writer._add_object(parent)})
    form = {NameObject("/Fields"): ArrayObject([field]), NameObject("/CO"): ArrayObject([field])}
    writer.root_object[NameObject("/AcroForm")] = DictionaryObject(form)


def _attached(writer):
    file = DecodedStreamObject()
    file.set_data(b"evilscript")
    held = DictionaryObject({NameObject("/F"): writer._add_object(file)})
    spec = writer._add_object(DictionaryObject({NameObject("/EF"): held}))
    _annotated(writer, **{"/Subtype": NameObject("/FileAttachment"), "/FS": spec})


@pytest.mark.parametrize(
    "plant",
    [
        _in_outline,
        _in_parent_of_field,
        _attached,
        lambda writer: _annotated(
            writer, **_action(S=writer._add_object(NameObject("/JavaScript")), JS=TextStringObject("evilscript"))
        ),
        lambda writer: _annotated(
            writer, **_action(S=NameObject("/URI"), URI=TextStringObject(" JavaScript:evilscript"))
        ),
        lambda writer: _annotated(
            writer, **_action(S=NameObject("/Named"), N=NameObject("/NextPage"), Next=ArrayObject([_SCRIPT]))
        ),
    ],
)
def test_scripts_and_files_are_taken_out_wherever_they_stand(plant):
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    plant(writer)
    master = written(writer)

    assert b"evilscript" in master
    assert b"evilscript" not in _copy(master).content


def test_links_stay_and_so_does_what_only_looks_like_an_action():
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    _annotated(writer, **_action(S=NameObject("/URI"), URI=TextStringObject("HTTPS://good.example/")))
    layout = DictionaryObject({NameObject("/O"): NameObject("/Layout"), NameObject("/Kept"): NumberObject(77)})
    element = DictionaryObject({NameObject("/S"): NameObject("/P"), NameObject("/A"): layout})
    writer.root_object[NameObject("/StructTreeRoot")] = DictionaryObject({NameObject("/K"): element})
    content = _copy(written(writer)).content

    (first, _) = PdfReader(io.BytesIO(content)).pages[0]["/Annots"]
    assert first.get_object()["/A"]["/URI"] == "HTTPS://good.example/"
    assert b"/Kept 77" in content


@pytest.mark.parametrize("value", [NullObject(), NumberObject(3), ArrayObject([NullObject()]), NameObject("/x")])
def test_odd_objects_make_a_copy_or_are_refused_in_words(value):
    of_page = ("/Annots", "/Contents", "/Resources", "/Group")
    for name in ("/Names", "/AcroForm", "/Outlines", "/StructTreeRoot", *of_page):
        writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
        holder = writer.pages[0] if name in of_page else writer.root_object
        holder[NameObject(name)] = value
        with suppress(MasterUnusable):
            assert _copy(written(writer)).content.startswith(b"%PDF")


def test_a_page_that_unpacks_to_too_much_is_refused_in_words():
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    content = DecodedStreamObject()
    content.set_data(b"0 0 m 1 1 l S " * 6_000_000)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(content.flate_encode())

    with pytest.raises(MasterUnusable, match="too large"):
        _copy(written(writer))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_picture_is_branded_in_its_own_format_and_pixels(kind):
    master = saved(Image.new("RGB", (1240, 874), "#e8f0e8"), kind)
    zones = [
        {"id": "stamp", "kind": "stamp", "box": [10, 120, 60, 14]},
        {"id": "name", "kind": "name", "box": [10, 10, 80, 20], "max_size": 30},
        {"id": "band", "kind": "band", "box": [0, 140, 210, 7.9], "colour": "primary"},
    ]
    template = parse({"dpi": 150, "zones": zones}, [pictures.size_of(pictures.open_picture(master), 150)])
    make = lambda: pictures.brand_picture(master, template, a_brand(), STAMP, about=ABOUT, logo=None)  # noqa: E731
    copy = make()

    with Image.open(io.BytesIO(copy.content)) as picture:
        assert (picture.format, picture.size) == (kind, (1240, 874))
        assert round(picture.info["dpi"][0]) == 150
        shown = picture.convert("RGB")
    assert _is_near(_at(shown, 100, 144, dpi=150), BLUE)
    words = shown.crop((59, 59, 59 + 472, 59 + 118)).convert("L")
    assert min(words.tobytes()) < 80
    assert _is_near(_at(shown, 200, 60, dpi=150), (0xE8, 0xF0, 0xE8))
    assert make().digest == copy.digest


@pytest.mark.parametrize("data", [b"GIF89a", b"<svg/>", logo_png()[:-99]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(MasterUnusable, match="not a picture in PNG or JPEG"):
        pictures.open_picture(data)


def test_preview_shows_a_page_or_a_picture():
    copy = _copy(master_pdf(pages=2), BAND)

    with Image.open(io.BytesIO(pictures.preview(copy.content, width=595))) as page:
        assert page.size[0] in (595, 596)
        assert page.convert("RGB").getpixel((340, 800)) == BLUE
    with Image.open(io.BytesIO(pictures.preview(saved(Image.new("RGB", (900, 300), "red")), width=300))) as picture:
        assert picture.size == (300, 100)
    with pytest.raises(MasterUnusable, match="This page cannot be shown"):
        pictures.preview(copy.content, page=3)
