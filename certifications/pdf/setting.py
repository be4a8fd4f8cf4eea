"""Setting lines of text on a page: shaped, measured, shrunk and wrapped, each inside its tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.rl_accel import fp_str

from certifications.pdf.embedding import draw_runs
from certifications.pdf.faces import han_language, typeface
from certifications.pdf.shaping import Run, shape, width
from certifications.pdf.structure import Structure

# The light tokens of lms/static/lms/css/tokens.css
CANVAS, LINE, INK, QUIET = HexColor("#faf9f6"), HexColor("#dcd8cd"), HexColor("#1b1f1d"), HexColor("#59615c")
MAX_CHARACTERS = 600  # of one text: more never fits, and measuring it takes its time


@dataclass(frozen=True)
class Style:
    """How a text is set; `size` in points."""

    size: float
    weight: int = 400
    serif: bool = False
    colour: Color = INK

    def coloured(self, colour: Color) -> "Style":
        return Style(self.size, self.weight, self.serif, colour)

    def at(self, percent: int) -> "Style":
        """So many percent of the size; never below 9 points."""
        return Style(max(self.size * percent / 100, 9.0), self.weight, self.serif, self.colour)


class Page:
    """Sets lines of text on one canvas of `width` by `height` points. `country` tells whose Han characters."""

    def __init__(self, canvas: Any, country: str) -> None:
        self.canvas = canvas
        self.country = country
        self.width, self.height = canvas._pagesize
        self.structure = Structure(canvas)
        self.images: dict[str, Any] = {}

    def shape(self, text: str, style: Style) -> list[Run]:
        return _shaped(text, style.serif, style.weight, round(style.size), han_language(text, self.country))

    def length(self, text: str, style: Style) -> float:
        return width(self.shape(text, style)) * style.size

    def text(
        self,
        lines: str | Sequence[str],
        style: Style,
        *,
        x: float,
        y: float,
        align: float = 0,
        kind: str = "P",
        leading: float = 1.2,
    ) -> float:
        """Sets lines downwards from baseline `y` as one element of the document. Returns the length of the longest."""
        lines = [lines] if isinstance(lines, str) else lines
        with self.structure.element(kind):
            return max(
                [
                    self.line(line, style, x=x, y=y - number * style.size * leading, align=align)
                    for number, line in enumerate(lines)
                ],
                default=0.0,
            )

    def line(self, text: str, style: Style, *, x: float, y: float, align: float = 0) -> float:
        """Draws one line; `align` 0, 0.5, 1: `x` is its left end, middle, right end. Returns its length."""
        runs = self.shape(text, style)
        length = width(runs) * style.size
        self.canvas._code.append(_fill(style.colour))
        draw_runs(self.canvas, runs, x=x - length * align, y=y, size=style.size)
        return length

    def fit(self, text: str, style: Style, *, room: float, max_lines: int) -> tuple[list[str], Style]:
        """The lines of `text` in the largest size that fits: shrunk to 70 % on one line first, then wrapped, then
        shrunk further. What still does not fit at 9 points is cut with an ellipsis."""
        text = text[:MAX_CHARACTERS]
        for share in range(100, 69, -5):
            sized = style.at(share)
            # a word too long for the line is not broken here to see that there are two
            if all(self.length(word, sized) <= room for word in text.split()):
                wrapped = self.wrap(text, sized, room=room)
                if len(wrapped) <= 1:
                    return wrapped, sized
        for share in range(75, 20, -5):
            sized = style.at(share)
            wrapped = self.wrap(text, sized, room=room)
            if len(wrapped) <= max_lines:
                return wrapped, sized
        return [*wrapped[: max_lines - 1], wrapped[max_lines - 1][:-1] + "…"], sized

    def wrap(self, text: str, style: Style, *, room: float) -> list[str]:
        """Lines of at most `room` points, broken at blanks, inside a word only where the word alone is too long."""
        lines: list[str] = []
        used, blank = room, self.length(" ", style)
        for word in text.split():
            length = self.length(word, style)
            if used + blank + length <= room:
                lines[-1] += " " + word
                used += blank + length
            else:
                lines += self._pieces(word, style, room)
                used = self.length(lines[-1], style)
        return lines

    def _pieces(self, word: str, style: Style, room: float) -> list[str]:
        pieces = []
        while self.length(word, style) > room and len(word) > 1:
            low, high = 1, len(word) - 1
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if self.length(word[:middle], style) <= room else (low, middle - 1)
            pieces.append(word[:low])
            word = word[low:]
        return [*pieces, word]


@lru_cache(maxsize=256)
def _fill(colour: Color) -> str:
    """The operator that fills in a colour; reportlab would format its three numbers for each line."""
    return f"{fp_str(*colour.rgb())} rg"


@lru_cache(maxsize=4096)
def _shaped(text: str, serif: bool, weight: int, size: int, han: str) -> list[Run]:
    """Kept, because most words of a certificate stand on the next one too, and fitting asks for each word often."""
    return shape(text, typeface(serif=serif, weight=weight, optical_size=max(8, min(60, size)), han=han))
