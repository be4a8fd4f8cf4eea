"""A paper to read and to keep: headings, paragraphs and tables on as many pages as they take. Tagged; signed on wish.

Reports and decisions are made with it; the certificate has a page of its own kind.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4

from certifications.pdf.archive import About, archive
from certifications.pdf.file import PlainCanvas, Seal, add_entries, finish_page, sign_file, signature_field
from certifications.pdf.objects import Dictionary
from certifications.pdf.setting import INK, LINE, QUIET, Page, Style

MARGIN = 56.0
GAP = 8.0  # between two columns
TITLE, HEADING = Style(20, 600, serif=True), Style(13, 600)
TEXT, QUIET_TEXT, HEAD = Style(9.5), Style(8.5, colour=QUIET), Style(8.5, 600, colour=INK)
MAX_LINES = 4  # of one cell
_LEADING = 1.35


class Paper:
    """Set from top to bottom; `save` ends it. The same calls give the same bytes. `country` tells whose Han letters."""

    def __init__(self, *, title: str, author: str, subject: str, made_at: datetime, country: str = "") -> None:
        self._about = About(title=title, author=author, subject=subject, made_at=made_at)
        self._target = BytesIO()
        self._canvas: Any = PlainCanvas(
            self._target, pagesize=A4, invariant=1, pageCompression=1, lang="en-GB", pdfVersion=(1, 7)
        )
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        self._page = Page(self._canvas, country)
        self._y = self._page.height - MARGIN
        self._room = self._page.width - 2 * MARGIN
        self._text(title, TITLE, kind="H1")

    def heading(self, text: str) -> None:
        """A heading, never alone at the end of a page."""
        self._y -= 12
        self._need(HEADING.size * 6)
        self._text(text, HEADING, kind="H2")

    def paragraph(self, text: str, *, is_quiet: bool = False) -> None:
        self._text(text, QUIET_TEXT if is_quiet else TEXT)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, widths: Sequence[int]) -> None:
        """Rows under their heads, which come again on each page. `widths` are parts of the whole. Text begins left; a
        cell of more than four lines is cut."""
        total = sum(widths)
        rooms = [self._room * width / total - GAP for width in widths]
        with self._page.structure.group("Table"):
            self._row(columns, rooms, HEAD, "TH")
            for row in rows:
                if self._y - self._height(row, rooms, TEXT) < MARGIN:
                    self._turn()
                    self._row(columns, rooms, HEAD, "TH")
                self._row(row, rooms, TEXT, "TD")

    def save(self, *, seal: Seal | None = None) -> bytes:
        """The file; signed when there is a `seal`."""
        field = signature_field(self._page, seal) if seal else None
        document = self._canvas._doc
        finish_page(self._page)
        entries = archive(document, self._about)
        entries |= {"MarkInfo": Dictionary({"Marked": "true"}), "StructTreeRoot": self._page.structure.close()}
        if field is not None:
            entries |= field.entries
        add_entries(document.Catalog, entries)
        self._canvas.save()
        unsigned = self._target.getvalue()
        return sign_file(unsigned, document, field, seal) if seal and field else unsigned

    def _text(self, text: str, style: Style, kind: str = "P") -> None:
        lines = self._page.wrap(text, style, room=self._room) or [""]
        while lines:
            self._need(style.size * _LEADING)
            fitting = max(int((self._y - MARGIN) / (style.size * _LEADING)), 1)
            self._y -= style.size
            self._page.text(lines[:fitting], style, x=MARGIN, y=self._y, kind=kind, leading=_LEADING)
            self._y -= (len(lines[:fitting]) - 1) * style.size * _LEADING + style.size * (_LEADING - 1) + 3
            lines = lines[fitting:]

    def _lines(self, text: str, room: float, style: Style) -> list[str]:
        lines = self._page.wrap(text, style, room=room)
        return lines if len(lines) <= MAX_LINES else [*lines[: MAX_LINES - 1], lines[MAX_LINES - 1][:-1] + "…"]

    def _height(self, row: Sequence[str], rooms: Sequence[float], style: Style) -> float:
        lines = max(len(self._lines(cell, room, style)) for cell, room in zip(row, rooms, strict=True))
        return max(lines, 1) * style.size * _LEADING + 5

    def _row(self, row: Sequence[str], rooms: Sequence[float], style: Style, kind: str) -> None:
        height = self._height(row, rooms, style)
        self._need(height)
        x, structure = MARGIN, self._page.structure
        with structure.group("TR"):
            for cell, room in zip(row, rooms, strict=True):
                lines = self._lines(cell, room, style) or [" "]
                self._page.text(lines, style, x=x, y=self._y - style.size, kind=kind, leading=_LEADING)
                x += room + GAP
        self._y -= height
        with structure.artifact():
            self._canvas.setStrokeColor(LINE)
            self._canvas.setLineWidth(0.5)
            self._canvas.line(MARGIN, self._y + 1, self._page.width - MARGIN, self._y + 1)

    def _need(self, height: float) -> None:
        if self._y - height < MARGIN:
            self._turn()

    def _turn(self) -> None:
        finish_page(self._page)
        self._page.structure.turn_page()
        self._y = self._page.height - MARGIN
