"""The two designs of the page. Each draws a snapshot on the canvas in reading order, in the programme's colours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from reportlab.lib.colors import Color, HexColor, white

from certifications.pdf.parts import (
    LABEL,
    VALUE,
    draw_code,
    draw_logo,
    draw_paper,
    draw_signatories,
    draw_wreath,
)
from certifications.pdf.setting import LINE, QUIET, Page, Style
from certifications.snapshot import Snapshot

MARGIN = 64.0
MAX_NAME_LINES = 3

SMALL_CAPS = Style(9.5, 600, colour=QUIET)
LEAD = Style(12.5, serif=True, colour=QUIET)
NAME = Style(40, 600, serif=True)
TITLE = Style(21, 600)
BODY = Style(11, colour=QUIET)
CODE = 62.0


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a layout draws: the snapshot and what ties the paper to the record."""

    said: Snapshot
    credential_id: str
    verify_url: str

    @property
    def accent(self) -> Color:
        return HexColor(self.said.design.accent)

    @property
    def ornament(self) -> Color:
        return HexColor(self.said.design.ornament)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Label and words. Months in English, whatever language the reader's page is in: equal bytes for everybody."""
        expires = self.said.expires
        return [
            ("Issued", _day(self.said.issued)),
            ("Valid until", _day(expires) if expires else "No end date"),
            ("Issued by", self.said.issuer_name),
        ]


def _day(on: date) -> str:
    """ "12 March 2027"."""
    return f"{on.day} {on:%B %Y}"


def draw_laurel(page: Page, sheet: Sheet) -> None:
    """Everything centred under the wreath, which holds the year."""
    said, middle = sheet.said, page.width / 2
    with page.structure.artifact():
        draw_paper(page, accent=sheet.accent)
        draw_wreath(page, x=middle, y=page.height - 122, radius=45, colour=sheet.ornament)
        page.line(
            str(said.issued.year),
            Style(17, 600, serif=True, colour=sheet.accent),
            x=middle,
            y=page.height - 127,
            align=0.5,
        )
    if said.design.logo:
        draw_logo(page, said.design.logo, alt=said.issuer_name, x=MARGIN, y=page.height - 112, width=150, height=52)
    room = page.width - 2 * MARGIN - 40
    y = _draw_words(page, sheet, x=middle, y=page.height - 206, room=room, align=0.5)
    if said.design.signatories and y > 196:
        names, roles = Style(10, 600), Style(8.5, colour=QUIET)
        draw_signatories(
            page, said.design.signatories, x=MARGIN, y=152, room=page.width - 2 * MARGIN, ink=names, quiet=roles
        )
    _draw_foot(page, sheet)


def _draw_words(page: Page, sheet: Sheet, *, x: float, y: float, room: float, align: float) -> float:
    """Programme, name, title and criteria, downwards from `y`. Returns where the last line stands."""
    said = sheet.said
    page.text(said.programme_name, SMALL_CAPS, x=x, y=y, align=align)
    y -= 31
    page.text("This certifies that", LEAD, x=x, y=y, align=align)
    lines, style = page.fit(said.holder_name, NAME, room=room, max_lines=MAX_NAME_LINES)
    y -= 16 + style.size * 1.12
    page.text(lines, style, x=x, y=y, align=align, leading=1.12)
    y -= 34 + style.size * 1.12 * (len(lines) - 1)
    page.text("has earned the certification", LEAD, x=x, y=y, align=align)
    lines, style = page.fit(said.title, TITLE.coloured(sheet.accent), room=room, max_lines=2)
    y -= 7 + style.size * 1.25
    page.text(lines, style, x=x, y=y, align=align, leading=1.25, kind="H1")
    y -= style.size * 1.25 * (len(lines) - 1)
    lines, style = page.fit(said.criteria, BODY, room=min(room, 470), max_lines=3)
    y -= 9 + style.size * 1.5
    page.text(lines, style, x=x, y=y, align=align, leading=1.5)
    return y - style.size * 1.5 * max(len(lines) - 1, 0)


def _draw_foot(page: Page, sheet: Sheet) -> None:
    """Dates and issuer at the left, how to check it at the right, with the code."""
    y, label = 74.0, LABEL.coloured(QUIET)
    with page.structure.artifact():
        page.canvas.setStrokeColor(LINE)
        page.canvas.setLineWidth(0.8)
        page.canvas.line(MARGIN, y + 56, page.width - MARGIN, y + 56)
    x = MARGIN
    for name, value in sheet.facts:
        page.text(name, label, x=x, y=y + 22)
        lines, style = page.fit(value, VALUE, room=150, max_lines=1)
        x += max(page.text(lines[:1], style, x=x, y=y + 6) + 34, 112)
    right = page.width - MARGIN - CODE - 16
    page.text("Check this certificate at", label, x=right, y=y + 22, align=1)
    address = sheet.verify_url.split("://", 1)[1]
    lines, style = page.fit(address, Style(9.5, 600), room=270, max_lines=1)
    page.text(lines[:1], style, x=right, y=y + 8, align=1)
    page.text(f"Certificate {sheet.credential_id}", label, x=right, y=y - 6, align=1)
    draw_code(page, sheet.verify_url, x=page.width - MARGIN - CODE, y=y - 20, size=CODE)


BAND = 236.0


def draw_band(page: Page, sheet: Sheet) -> None:
    """A band in the accent colour at the left with dates and code; the words beside it, from the left."""
    said, height = sheet.said, page.height
    with page.structure.artifact():
        page.canvas.setFillColor(white)
        page.canvas.rect(0, 0, page.width, height, stroke=0, fill=1)
        page.canvas.setFillColor(sheet.accent)
        page.canvas.rect(0, 0, BAND, height, stroke=0, fill=1)
        draw_wreath(page, x=BAND / 2, y=height - 112, radius=58, colour=white)
        page.line(
            str(said.issued.year), Style(22, 600, serif=True, colour=white), x=BAND / 2, y=height - 119, align=0.5
        )
    left = BAND + 52
    room = page.width - left - 52
    if said.design.logo:
        draw_logo(page, said.design.logo, alt=said.issuer_name, x=left, y=height - 116, width=170, height=58)
    y = _draw_words(page, sheet, x=left, y=height - 160, room=room, align=0)
    if said.design.signatories and y > 110:
        names, roles = Style(10, 600), Style(8.5, colour=QUIET)
        draw_signatories(page, said.design.signatories, x=left, y=66, room=room, ink=names, quiet=roles)
    _draw_band_facts(page, sheet)


def _draw_band_facts(page: Page, sheet: Sheet) -> None:
    """Dates, issuer, code and number in white on the band."""
    y, label, value = page.height - 236, LABEL.coloured(white), VALUE.coloured(white)
    for name, words in sheet.facts:
        page.text(name, label, x=36, y=y)
        lines, style = page.fit(words, value, room=BAND - 60, max_lines=2)
        page.text(lines, style, x=36, y=y - 16)
        y -= 44 + style.size * 1.2 * (len(lines) - 1)
    with page.structure.artifact():
        page.canvas.setFillColor(white)
        page.canvas.roundRect(36, 104, 92, 92, 5, stroke=0, fill=1)
    page.text("Check this certificate at", label, x=36, y=84)
    lines, style = page.fit(
        sheet.verify_url.split("://", 1)[1], Style(9.5, 600, colour=white), room=BAND - 60, max_lines=2
    )
    page.text(lines[:2], style, x=36, y=72)
    page.text(f"Certificate {sheet.credential_id}", label, x=36, y=40)
    draw_code(page, sheet.verify_url, x=38, y=106, size=88)


LAYOUTS: dict[str, Callable[[Page, Sheet], None]] = {"laurel": draw_laurel, "band": draw_band}
