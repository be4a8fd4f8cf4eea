"""What both page designs are made of: paper, wreath, logo, code, signatories."""

import logging
import re
import zlib
from functools import lru_cache
from typing import Any

from django.core.files.storage import default_storage
from PIL import Image
from reportlab.lib.colors import Color

from certifications.pdf.objects import Stream
from certifications.pdf.qr import qr_rows
from certifications.pdf.setting import CANVAS, INK, LINE, Page, Style
from certifications.pdf.wreath import wreath_code
from certifications.snapshot import Signatory

logger = logging.getLogger(__name__)

_DARK = re.compile(rb"\x01+")

LABEL = Style(8.5)
VALUE = Style(11, 600)


def draw_paper(page: Page, *, accent: Color) -> None:
    """The paper with its frame and a tab in the accent colour."""
    canvas, width, height = page.canvas, page.width, page.height
    canvas.setFillColor(CANVAS)
    canvas.rect(0, 0, width, height, stroke=0, fill=1)
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.8)
    canvas.roundRect(26, 26, width - 52, height - 52, 9, stroke=1, fill=0)
    canvas.setFillColor(accent)
    canvas.rect(width / 2 - 34, height - 28.2, 68, 4.4, stroke=0, fill=1)


def draw_wreath(page: Page, *, x: float, y: float, radius: float, colour: Color) -> None:
    """The laurel around (x, y). Its outline is computed once; each page moves and scales it."""
    canvas = page.canvas
    canvas.saveState()
    canvas.setFillColor(colour)
    canvas.setStrokeColor(colour)
    canvas.transform(radius, 0, 0, radius, x, y)
    canvas._code.append(wreath_code())
    canvas.restoreState()


def draw_code(page: Page, url: str, *, x: float, y: float, size: float) -> None:
    """A QR code (ISO 18004, level M) that leads to `url`, with its quiet zone inside `size`. Drawn as areas: a picture
    of so few dots is smeared by readers and cannot be scanned."""
    rows = qr_rows(url)
    side = len(rows) + 4
    areas = [
        f"{found.start() + 2} {side - 3 - row} {found.end() - found.start()} 1 re"
        for row, cells in enumerate(rows)
        for found in _DARK.finditer(cells)
    ]
    box = (x, y, x + size, y + size)
    canvas = page.canvas
    with (
        page.structure.link(url, says=f"Check this certificate at {url}", box=box),
        page.structure.element("Figure", alt=f"QR code that leads to {url}", box=box),
    ):
        canvas.saveState()
        canvas.setFillColor(INK)
        canvas.transform(size / side, 0, 0, size / side, x, y)
        canvas._code.append("\n".join([*areas, "f"]))
        canvas.restoreState()


def draw_logo(page: Page, name: str, *, alt: str, x: float, y: float, width: float, height: float) -> float:
    """The logo in the box with its left bottom corner at (x, y), as large as fits. Returns the width it took: 0 when
    there is none, or when its file is gone (which is logged: the page is the same but for it)."""
    try:
        image, ratio = _logo_image(name)
    except (OSError, ValueError):
        logger.warning("The logo %s of a certificate design cannot be read.", name)
        return 0.0
    drawn_width, drawn_height = min(width, height * ratio), min(height, width / ratio)
    bottom = y + (height - drawn_height) / 2
    box = (x, bottom, x + drawn_width, bottom + drawn_height)
    with page.structure.element("Figure", alt=alt, box=box):
        _draw_image(page, image, x=x, y=bottom, width=drawn_width, height=drawn_height)
    return drawn_width


@lru_cache(maxsize=32)
def _logo_image(name: str) -> tuple[Stream, float]:
    """The picture on white, decoded and deflated once, and its width by its height."""
    with default_storage.open(name, "rb") as file, Image.open(file) as picture:
        rgba = picture.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba)
    members = {
        "Type": "/XObject",
        "Subtype": "/Image",
        "Width": flat.width,
        "Height": flat.height,
        "BitsPerComponent": 8,
        "ColorSpace": "/DeviceRGB",
        "Filter": "/FlateDecode",
    }
    return Stream(members, zlib.compress(flat.tobytes(), 6)), flat.width / flat.height


def _draw_image(page: Page, image: Stream, *, x: float, y: float, width: float, height: float) -> None:
    canvas: Any = page.canvas
    name = f"Im{len(page.images)}"
    page.images[name] = canvas._doc.Reference(Stream(image.members, image.content))
    canvas._code.append(f"q {width:.3f} 0 0 {height:.3f} {x:.3f} {y:.3f} cm /{name} Do Q")


def draw_signatories(
    page: Page, signatories: tuple[Signatory, ...], *, x: float, y: float, room: float, ink: Style, quiet: Style
) -> None:
    """Names and roles over lines, side by side from `x`."""
    if not signatories:
        return
    each = room / len(signatories)
    for number, signatory in enumerate(signatories):
        left, wide = x + number * each, min(each - 24, 190)
        with page.structure.artifact():
            page.canvas.setStrokeColor(LINE)
            page.canvas.setLineWidth(0.8)
            page.canvas.line(left, y + 14, left + wide, y + 14)
        lines, style = page.fit(signatory.name, ink, room=wide, max_lines=1)
        page.text(lines, style, x=left, y=y)
        lines, style = page.fit(signatory.role, quiet, room=wide, max_lines=1)
        page.text(lines, style, x=left, y=y - 11)
