"""Drawing pages in a process of its own, and pictures that are made smaller to be looked at."""

import io

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject, RectangleObject

from lms.assets.branding import pictures, rendering
from lms.assets.branding.copies import About
from lms.assets.branding.errors import MasterUnusable
from lms.assets.branding.logos import clean_logo
from lms.assets.branding.template import parse
from tests.assets.branding_material import STAMP, a_brand, master_pdf, saved, written

ABOUT = About(title="Datasheet", partner="Nordwind Systems")


def endless_pdf() -> bytes:
    """A page that draws a form that draws another ten times, and so on, twelve deep."""
    writer = PdfWriter(clone_from=io.BytesIO(master_pdf()))
    inner = None
    for _ in range(12):
        form = DecodedStreamObject()
        form.set_data(b"0 0 9 9 re f" if inner is None else b"/X Do " * 10)
        form[NameObject("/Type")], form[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
        form[NameObject("/BBox")] = RectangleObject((0, 0, 500, 500))
        if inner is not None:
            forms = DictionaryObject({NameObject("/X"): inner})
            form[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): forms})
        inner = writer._add_object(form)
    page = writer.pages[0]
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/XObject"): DictionaryObject({NameObject("/X"): inner})}
    )
    content = DecodedStreamObject()
    content.set_data(b"/X Do")
    page[NameObject("/Contents")] = writer._add_object(content)
    return written(writer)


def test_a_page_that_never_ends_is_given_up_in_words(monkeypatch):
    monkeypatch.setattr(rendering, "TIME_LIMIT", 2)
    with pytest.raises(MasterUnusable, match="takes too long to draw"):
        pictures.preview(endless_pdf())


def test_what_is_broken_or_has_too_many_dots_is_refused_in_words():
    with pytest.raises(MasterUnusable, match="cannot be shown"):
        pictures.preview(b"%PDF-1.7 and nothing")
    with pytest.raises(MasterUnusable, match="too many dots"):
        rendering.draw(master_pdf(), page=0, scale=200, see_through=False, width=1)


@pytest.mark.parametrize("turn", [None, 6])
def test_a_picture_to_be_looked_at_is_the_copy_made_smaller(turn):
    exif = Image.Exif()
    if turn:
        exif[0x0112] = turn
    master = saved(Image.new("RGB", (1200, 900), "white"), "JPEG", exif=exif)
    size = (900, 1200) if turn else (1200, 900)
    band = {"id": "band", "kind": "band", "box": [0, 0, size[0] / 150 * 25.4 / 2, 40], "colour": "primary"}
    stamp = {"id": "stamp", "kind": "stamp", "box": [5, 60, 60, 14]}
    name = {"id": "name", "kind": "name", "box": [5, 80, 60, 14]}
    template = parse({"dpi": 150, "zones": [band, stamp, name]}, [pictures.size_of(pictures.open_picture(master), 150)])
    make = {"about": ABOUT, "logo": None}
    whole = Image.open(io.BytesIO(pictures.brand_picture(master, template, a_brand(), STAMP, **make).content))
    small = Image.open(
        io.BytesIO(pictures.brand_picture(master, template, a_brand(), STAMP, **make, at_most=300).content)
    )
    assert whole.size == size
    assert small.size == ((225, 300) if turn else (300, 225))
    factor = small.size[0] / whole.size[0]
    for x in (0.25, 0.75):
        at = int(whole.size[0] * x), 60
        seen = small.convert("RGB").getpixel((int(at[0] * factor), int(at[1] * factor)))
        assert all(abs(a - b) < 12 for a, b in zip(whole.convert("RGB").getpixel(at), seen, strict=True))


def test_sixteen_bits_of_grey_keep_their_greys():
    grey = Image.new("I;16", (60, 40), 30_000)
    assert pictures.open_picture(saved(grey)).getpixel((3, 3)) == (116, 116, 116, 255)
    with Image.open(io.BytesIO(clean_logo(saved(grey)))) as logo:
        assert logo.getpixel((3, 3)) == (116, 116, 116, 255)
