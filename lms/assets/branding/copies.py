"""A master and a composition -> a copy, as PDF or as a picture. The same arguments give the same bytes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from pypdf import PdfReader, PdfWriter, Transformation
from pypdf.annotations import Link as LinkAnnotation
from pypdf.generic import ArrayObject, ByteStringObject, NameObject, RectangleObject

from lms.assets.branding.brand import Brand
from lms.assets.branding.composing import Composition, Link, Notice, Stamp, compose
from lms.assets.branding.masters import Lie, lie_of, make_harmless, open_master, reading
from lms.assets.branding.painting import paint, room_for_marks
from lms.assets.branding.template import MM, Kind, Size, Template

PRINT_BLEED = 3 * MM  # where the master has none
_FITS = 0.05 * MM


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A finished file with what should be known of it."""

    content: bytes
    notices: tuple[Notice, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class About:
    """What the file says of itself."""

    title: str
    partner: str


def pages_of(master: bytes) -> tuple[Size, ...]:
    """The sizes of a PDF's trimmed pages. Raises MasterUnusable."""
    return tuple(lie_of(page).size for page in open_master(master).pages)


def brand_pdf(
    master: bytes,
    template: Template,
    brand: Brand,
    stamp: Stamp,
    *,
    about: About,
    logo: bytes | None,
    values: Mapping[str, str] | None = None,
    for_print: bool = False,
) -> Copy:
    """The master with the partner's zones on it, every page kept.

    For the screen pages are cut to their trim box. For print they have a bleed box (3 mm where the master has none)
    and crop marks if the template wants them. Raises MasterUnusable and BrandRefused.
    """
    reader = open_master(master)
    lies = [lie_of(page) for page in reader.pages]
    bleed = _bleed(lies) if for_print else 0.0
    with_marks = for_print and template.crop_marks
    margin = room_for_marks(bleed) if with_marks else bleed
    pages = [lie.size for lie in lies]
    composition = compose(template, pages, brand, stamp, logo=logo, values=values, bleed=bleed)
    overlay = PdfReader(BytesIO(paint(composition.sheets, margin=margin, bleed=bleed, crop_marks=with_marks)))
    out = BytesIO()
    with reading():
        make_harmless(reader)
        writer = PdfWriter(clone_from=reader)
        for number, lie in enumerate(lies):
            page = writer.pages[number]
            if for_print:
                page.mediabox = lie.outer(max(margin, lie.bleed))
            page.merge_transformed_page(overlay.pages[number], Transformation(lie.matrix(margin)))
            _set_boxes(page, lie, bleed=bleed, margin=margin, for_print=for_print)
            _add_links(writer, number, composition, lie)
        _describe(writer, about, stamp)
        writer.write(out)
    notices = composition.notices + (_bleed_notices(template, lies) if for_print else ())
    return Copy(content=out.getvalue(), notices=notices)


def _bleed(lies: list[Lie]) -> float:
    """What every page has, else what printers ask for."""
    least = min(lie.bleed for lie in lies)
    return least if least >= 1 * MM else PRINT_BLEED


def _bleed_notices(template: Template, lies: list[Lie]) -> tuple[Notice, ...]:
    if min(lie.bleed for lie in lies) >= PRINT_BLEED - _FITS:
        return ()
    bands = template.of_kind(Kind.BAND)
    return (
        Notice(
            "no_bleed",
            bands[0].id if bands else "",
            "The master has no bleed of its own: only colour bands at the edge reach over the cut.",
        ),
    )


def _set_boxes(page: object, lie: Lie, *, bleed: float, margin: float, for_print: bool) -> None:
    outer = lie.outer(margin) if for_print else lie.outer(0)
    boxes = {"/MediaBox": outer, "/CropBox": outer, "/TrimBox": lie.outer(0), "/BleedBox": lie.outer(bleed)}
    for name, box in boxes.items():
        page[NameObject(name)] = box  # type: ignore[index]
    page.pop("/ArtBox", None)  # type: ignore[attr-defined]


def _add_links(writer: PdfWriter, number: int, composition: Composition, lie: Lie) -> None:
    for mark in composition.sheets[number].marks:
        if isinstance(mark, Link):
            corners = (mark.x, mark.y), (mark.x + mark.width, mark.y + mark.height)
            a, b, c, d, e, f = lie.matrix(0)
            (left, bottom), (right, top) = ((a * x + c * y + e, b * x + d * y + f) for x, y in corners)
            rect = RectangleObject((min(left, right), min(bottom, top), max(left, right), max(bottom, top)))
            writer.add_annotation(number, LinkAnnotation(rect=rect, url=mark.url, border=[0, 0, 0]))


def _describe(writer: PdfWriter, about: About, stamp: Stamp) -> None:
    """Title, author and the number of the copy; the file's identifier follows from the number."""
    writer.pdf_header = "%PDF-1.7"  # masters of older versions get see-through logos too
    writer.metadata = None
    writer.add_metadata(
        {
            "/Title": f"{about.title}: {about.partner}",
            "/Author": about.partner,
            "/Subject": f"Copy {stamp.number}, check at {stamp.check_url}",
            "/Creator": "Laurel",
            "/Producer": "Laurel",
        }
    )
    key = ByteStringObject(hashlib.sha256(stamp.number.encode()).digest()[:16])
    writer._ID = ArrayObject((key, key))
