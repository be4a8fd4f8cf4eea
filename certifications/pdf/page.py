"""The certificate's page: A4 landscape, from a snapshot and nothing else."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from io import BytesIO

import segno
from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfgen.canvas import Canvas

from certifications.pdf.embedding import draw_runs
from certifications.pdf.faces import han_language, typeface
from certifications.pdf.shaping import Run, shape, width
from certifications.pdf.wreath import draw_wreath
from certifications.snapshot import Snapshot

rl_config.useA85 = 0  # streams as they are: a fifth smaller, and no time for text armour that nobody reads

# The light tokens of lms/static/lms/css/tokens.css
CANVAS, LINE, INK, QUIET = HexColor("#faf9f6"), HexColor("#dcd8cd"), HexColor("#1b1f1d"), HexColor("#59615c")
ACCENT, GOLD = HexColor("#1f6f54"), HexColor("#b07d1a")

WIDTH, HEIGHT = landscape(A4)
MARGIN = 64.0
MIDDLE = WIDTH / 2
MAX_NAME_LINES = 3
MAX_CHARACTERS = 600  # of one text: more never fits, and measuring it takes its time


@dataclass(frozen=True)
class Style:
    """How a text is set; `size` in points."""

    size: float
    weight: int = 400
    serif: bool = False
    colour: Color = INK


SMALL_CAPS = Style(9.5, 600, colour=QUIET)
LABEL = Style(8, colour=QUIET)
VALUE = Style(11, 600)
LEAD = Style(12.5, serif=True, colour=QUIET)
NAME = Style(40, 600, serif=True)
TITLE = Style(21, 600, colour=ACCENT)
BODY = Style(11, colour=QUIET)


class _Canvas(Canvas):
    """A canvas that does not name Helvetica on each page: every font in the file is embedded."""

    def _make_preamble(self) -> None:
        self._preamble = "1 0 0 1 0 0 cm"


class Page:
    """Sets lines of text on one canvas."""

    def __init__(self, canvas: Canvas, country: str) -> None:
        self.canvas = canvas
        self.country = country

    def shape(self, text: str, style: Style) -> list[Run]:
        return _shaped(text, style.serif, style.weight, round(style.size), han_language(text, self.country))

    def width(self, text: str, style: Style) -> float:
        return width(self.shape(text, style)) * style.size

    def line(self, text: str, style: Style, *, y: float, x: float = MIDDLE, align: float = 0.5) -> float:
        """Draws one line; `align` 0, 0.5, 1: `x` is its left end, middle, right end. Returns its width."""
        runs = self.shape(text, style)
        length = width(runs) * style.size
        self.canvas.setFillColor(style.colour)
        draw_runs(self.canvas, runs, x=x - length * align, y=y, size=style.size)
        return length

    def fit(self, text: str, style: Style, *, room: float, max_lines: int) -> tuple[list[str], Style]:
        """The lines of `text` in the largest size that fits: shrunk to 70 % on one line first, then wrapped, then
        shrunk further. What still does not fit at 9 points is cut with an ellipsis."""
        text = text[:MAX_CHARACTERS]
        for size, lines in [
            *((style.size * share / 100, 1) for share in range(100, 69, -5)),
            *((style.size * share / 100, max_lines) for share in range(75, 20, -5)),
        ]:
            sized = Style(max(size, 9.0), style.weight, style.serif, style.colour)
            wrapped = self.wrap(text, sized, room=room)
            if len(wrapped) <= lines:
                return wrapped, sized
        return [*wrapped[: max_lines - 1], wrapped[max_lines - 1][:-1] + "…"], sized

    def wrap(self, text: str, style: Style, *, room: float) -> list[str]:
        """Lines of at most `room` points, broken at blanks, inside a word only where the word alone is too long."""
        lines: list[str] = []
        used, blank = room, self.width(" ", style)
        for word in text.split():
            length = self.width(word, style)
            if used + blank + length <= room:
                lines[-1] += " " + word
                used += blank + length
            else:
                lines += self._pieces(word, style, room)
                used = self.width(lines[-1], style)
        return lines

    def _pieces(self, word: str, style: Style, room: float) -> list[str]:
        pieces = []
        while self.width(word, style) > room and len(word) > 1:
            low, high = 1, len(word) - 1
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if self.width(word[:middle], style) <= room else (low, middle - 1)
            pieces.append(word[:low])
            word = word[low:]
        return [*pieces, word]


@lru_cache(maxsize=4096)
def _shaped(text: str, serif: bool, weight: int, size: int, han: str) -> list[Run]:
    """Kept, because most words of a certificate stand on the next one too, and fitting asks for each word often."""
    return shape(text, typeface(serif=serif, weight=weight, optical_size=max(8, min(60, size)), han=han))


def draw_certificate(snapshot: Snapshot, *, credential_id: str, verify_url: str) -> bytes:
    """The certificate as PDF. The same arguments give the same bytes; text stands in reading order."""
    target = BytesIO()
    canvas = _Canvas(target, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1, lang="en-GB", pdfVersion=(1, 7))
    canvas.setTitle(f"{snapshot.title}: {snapshot.holder_name}")
    canvas.setAuthor(snapshot.issuer_name)
    canvas.setSubject(f"Certificate {credential_id}")
    canvas.setCreator("Laurel")
    canvas.setProducer("Laurel")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    page = Page(canvas, snapshot.country)
    _draw_paper(canvas)
    canvas.setFillColor(GOLD)
    canvas.setStrokeColor(GOLD)
    draw_wreath(canvas, x=MIDDLE, y=HEIGHT - 122, radius=45)
    page.line(str(snapshot.issued.year), Style(17, 600, serif=True, colour=ACCENT), y=HEIGHT - 127)
    _draw_words(page, snapshot)
    _draw_foot(page, snapshot, credential_id, verify_url)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _draw_paper(canvas: Canvas) -> None:
    canvas.setFillColor(CANVAS)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.8)
    canvas.roundRect(26, 26, WIDTH - 52, HEIGHT - 52, 9, stroke=1, fill=0)
    canvas.setFillColor(ACCENT)
    canvas.rect(MIDDLE - 34, HEIGHT - 28.2, 68, 4.4, stroke=0, fill=1)


def _draw_words(page: Page, snapshot: Snapshot) -> None:
    """Issuer, name, title and criteria, centred, downwards."""
    room = WIDTH - 2 * MARGIN - 40
    y = HEIGHT - 206
    page.line(snapshot.programme_name, SMALL_CAPS, y=y)
    y -= 31
    page.line("This certifies that", LEAD, y=y)
    lines, style = page.fit(snapshot.holder_name, NAME, room=room, max_lines=MAX_NAME_LINES)
    y -= 16
    for line in lines:
        y -= style.size * 1.12
        page.line(line, style, y=y)
    y -= 34
    page.line("has earned the certification", LEAD, y=y)
    lines, style = page.fit(snapshot.title, TITLE, room=room, max_lines=2)
    y -= 7
    for line in lines:
        y -= style.size * 1.25
        page.line(line, style, y=y)
    lines, style = page.fit(snapshot.criteria, BODY, room=470, max_lines=3)
    y -= 9
    for line in lines:
        y -= style.size * 1.5
        page.line(line, style, y=y)


def _draw_foot(page: Page, snapshot: Snapshot, credential_id: str, verify_url: str) -> None:
    """Dates and issuer at the left, how to check it at the right, with the code."""
    y = 74.0
    page.canvas.setStrokeColor(LINE)
    page.canvas.setLineWidth(0.8)
    page.canvas.line(MARGIN, y + 56, WIDTH - MARGIN, y + 56)
    expires = snapshot.expires
    facts = [
        ("Issued", _day(snapshot.issued)),
        ("Valid until", _day(expires) if expires else "No end date"),
        ("Issued by", snapshot.issuer_name),
    ]
    x = MARGIN
    for label, value in facts:
        page.line(label, LABEL, x=x, y=y + 22, align=0)
        lines, style = page.fit(value, VALUE, room=150, max_lines=1)
        x += max(page.line(lines[0], style, x=x, y=y + 6, align=0) + 34, 112)
    code = 62.0
    right = WIDTH - MARGIN - code - 16
    page.line("Check this certificate at", LABEL, x=right, y=y + 22, align=1)
    address = verify_url.split("://", 1)[1]
    lines, style = page.fit(address, Style(9.5, 600), room=270, max_lines=1)
    page.line(lines[0], style, x=right, y=y + 8, align=1)
    page.line(f"Certificate {credential_id}", LABEL, x=right, y=y - 6, align=1)
    _draw_code(page.canvas, verify_url, x=WIDTH - MARGIN - code, y=y - 20, size=code)


def _day(on: date) -> str:
    """ "12 March 2027", whatever language the reader's page is in: equal bytes for everybody."""
    return f"{on.day} {on:%B %Y}"


def _draw_code(canvas: Canvas, url: str, *, x: float, y: float, size: float) -> None:
    """A QR code as rectangles, row by row, with its quiet zone inside `size`. The mask is fixed: equal bytes, and a
    tenth of the time of trying all eight."""
    matrix = segno.make(url, error="m", mask=2, micro=False).matrix
    module = size / (len(matrix) + 4)
    path = canvas.beginPath()
    for row, cells in enumerate(matrix):
        top = y + size - (row + 3) * module
        column = 0
        while column < len(cells):
            run = 0
            while column + run < len(cells) and cells[column + run]:
                run += 1
            if run:
                path.rect(x + (column + 2) * module, top, run * module, module)
            column += run + 1
    canvas.setFillColor(INK)
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.linkURL(url, (x, y, x + size, y + size), relative=0, thickness=0)
