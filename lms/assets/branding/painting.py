"""Marks -> a PDF with a page per sheet, see-through where nothing is drawn, to be laid over the master.

Fonts are embedded as in certificates. People's words are drawn glyph by glyph and never read as markup.
Canvas and document are `Any` here: reportlab's types leave out what fonts need of them.
"""

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.utils import ImageReader

from certifications.pdf.embedding import draw_runs
from certifications.pdf.file import PlainCanvas
from certifications.pdf.qr import qr_rows
from lms.assets.branding.colours import INK, WHITE
from lms.assets.branding.composing import Code, Fill, Link, Mark, Picture, Sheet, Words
from lms.assets.branding.logos import open_logo

_DARK = re.compile(rb"\x01+")
_QUIET = 2  # modules around a code
_MARK_LENGTH, _MARK_GAP = 14.0, 2.0  # points: crop marks, and what lies between them and the bleed


def paint(sheets: Sequence[Sheet], *, margin: float, bleed: float, crop_marks: bool) -> bytes:
    """The overlay. Each page is `margin` points larger on every side than its sheet. Equal marks give equal bytes."""
    target = BytesIO()
    canvas: Any = PlainCanvas(target, invariant=1, pageCompression=1, pdfVersion=(1, 7))
    for sheet in sheets:
        canvas.setPageSize((sheet.width + 2 * margin, sheet.height + 2 * margin))
        canvas.saveState()
        canvas.translate(margin, margin)
        for mark in sheet.marks:
            _draw(canvas, mark)
        if crop_marks:
            _draw_crop_marks(canvas, sheet, bleed)
        canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def room_for_marks(bleed: float) -> float:
    """How far crop marks reach from the page, in points."""
    return bleed + _MARK_GAP + _MARK_LENGTH


def _draw(canvas: Any, mark: Mark) -> None:
    match mark:
        case Fill():
            canvas.setFillColor(HexColor(mark.colour))
            canvas.rect(mark.x, mark.y, mark.width, mark.height, stroke=0, fill=1)
        case Words():
            canvas.setFillColor(HexColor(mark.colour))
            draw_runs(canvas, list(mark.runs), x=mark.x, y=mark.y, size=mark.size)
        case Picture():
            _draw_picture(canvas, mark)
        case Code():
            _draw_code(canvas, mark)
        case Link():  # the merged file gets it: an overlay's annotations are not laid over
            return


def _draw_picture(canvas: Any, mark: Picture) -> None:
    picture = open_logo(mark.png)
    if picture.getchannel("A").getextrema()[0] == 255:
        picture = picture.convert("RGB")
    canvas.drawImage(ImageReader(picture), mark.x, mark.y, mark.width, mark.height, mask="auto")


def _draw_code(canvas: Any, mark: Code) -> None:
    """As areas: a picture of so few dots is smeared by readers and cannot be scanned."""
    rows = qr_rows(mark.url)
    side = len(rows) + 2 * _QUIET
    areas = [
        f"{found.start() + _QUIET} {side - 1 - _QUIET - row} {found.end() - found.start()} 1 re"
        for row, cells in enumerate(rows)
        for found in _DARK.finditer(cells)
    ]
    canvas.saveState()
    canvas.setFillColor(HexColor(WHITE))
    canvas.rect(mark.x, mark.y, mark.size, mark.size, stroke=0, fill=1)
    canvas.setFillColor(HexColor(INK))
    canvas.transform(mark.size / side, 0, 0, mark.size / side, mark.x, mark.y)
    canvas._code.append("\n".join([*areas, "f"]))
    canvas.restoreState()


def _draw_crop_marks(canvas: Any, sheet: Sheet, bleed: float) -> None:
    """Two hairlines at each corner, outside the bleed."""
    near, far = bleed + _MARK_GAP, bleed + _MARK_GAP + _MARK_LENGTH
    canvas.setStrokeColor(HexColor("#000000"))
    canvas.setLineWidth(0.25)
    for x, left in ((0.0, -1), (sheet.width, 1)):
        for y, up in ((0.0, -1), (sheet.height, 1)):
            canvas.line(x + left * near, y, x + left * far, y)
            canvas.line(x, y + up * near, x, y + up * far)
