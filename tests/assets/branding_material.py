"""Masters, logos and a template to try co-branding with."""

import io
from datetime import date
from typing import Any

from PIL import Image, ImageDraw
from pypdf import PdfWriter
from pypdf.generic import FloatObject, NameObject, RectangleObject
from reportlab.pdfgen.canvas import Canvas

from lms.assets.branding.brand import Brand, make_brand
from lms.assets.branding.composing import Stamp

A4 = (595.28, 841.89)
STAMP = Stamp(number="7Q4K-9F2M", check_url="https://laurel.example/copies/7Q4K9F2M/", expires_on=date(2027, 3, 31))


def master_pdf(*, pages: int = 1, size: tuple[float, float] = A4) -> bytes:
    """Pages with the words "Master page <n>" near their top."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=size, invariant=1)
    for number in range(1, pages + 1):
        canvas.setFont("Helvetica", 20)
        canvas.drawString(40, size[1] - 60, f"Master page {number}")
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def changed(
    pdf: bytes, *, turn: int = 0, boxes: dict[str, tuple[float, ...]] | None = None, unit: float | None = None
) -> bytes:
    """The PDF with its pages turned, boxes set, or another unit."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    for page in writer.pages:
        page.rotate(turn)
        for name, box in (boxes or {}).items():
            page[NameObject(name)] = RectangleObject(box)
        if unit is not None:
            page[NameObject("/UserUnit")] = FloatObject(unit)
    return written(writer)


def written(writer: PdfWriter, **encryption: Any) -> bytes:
    if encryption:
        writer.encrypt(**encryption)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def logo_png(
    colour: str | tuple[int, ...] = "#1d4f91", *, size: tuple[int, int] = (600, 200), ground: Any = None
) -> bytes:
    """A disc and a bar in a colour, see-through around them unless there is a ground."""
    picture = Image.new("RGBA", size, ground or (0, 0, 0, 0))
    drawing = ImageDraw.Draw(picture)
    drawing.ellipse((0, 0, size[1] - 1, size[1] - 1), fill=colour)
    drawing.rectangle((size[1] + 20, size[1] // 3, size[0] - 1, 2 * size[1] // 3), fill=colour)
    return saved(picture)


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def a_brand(**changes: Any) -> Brand:
    words: dict[str, Any] = {
        "name": "Nordwind Systems",
        "contact": ["Hafenstraße 4, 20457 Hamburg", "+49 40 555 0100"],
        "website": "nordwind.example",
        "primary": "#1d4f91",
    }
    return make_brand(**(words | changes))


def document(*zones: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A template with a stamp and a name, and these zones."""
    return {
        "zones": [
            {"id": "stamp", "kind": "stamp", "box": [130, 280, 70, 14]},
            {"id": "name", "kind": "name", "box": [10, 280, 100, 14]},
            *zones,
        ],
        **more,
    }
