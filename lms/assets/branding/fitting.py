"""Words into a box: shaped, shrunk, wrapped, and cut only where nothing else helps. They never leave the box."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from certifications.pdf.faces import Face, han_language, typeface
from certifications.pdf.shaping import Run, shape, width

MAX_CHARACTERS = 600  # of one paragraph: more never fits, and measuring it takes its time
_STEP = 0.5  # points
_ONE_LINE = 0.7  # a text shrinks so far on one line before it is wrapped
_RIGHT_TO_LEFT, _LEFT_TO_RIGHT = frozenset({"R", "AL"}), frozenset({"L"})


@dataclass(frozen=True, slots=True)
class Room:
    """What a text has, in points."""

    width: float
    height: float
    min_size: float
    max_size: float
    max_lines: int


@dataclass(frozen=True)
class Line:
    """One line as it is drawn; `length` is of size 1."""

    text: str
    runs: tuple[Run, ...]
    length: float


@dataclass(frozen=True)
class Block:
    """Lines at a size in points. `ascent` and `leading` are of size 1; `is_cut`: some words are missing."""

    lines: tuple[Line, ...]
    size: float
    ascent: float
    leading: float
    is_cut: bool

    @property
    def height(self) -> float:
        return len(self.lines) * self.leading * self.size

    @property
    def width(self) -> float:
        return max((line.length for line in self.lines), default=0.0) * self.size


class Setter:
    """Sets words of one weight; `country` tells whose Han characters."""

    def __init__(self, *, weight: int, country: str) -> None:
        self.weight = weight
        self.country = country

    def fit(self, paragraphs: Sequence[str], room: Room) -> Block:
        """The paragraphs in the largest size that fits: on a line each first, down to 70 %, then wrapped at blanks,
        then within words too long for a line; at the smallest size cut with an ellipsis."""
        texts = [text for paragraph in paragraphs if (text := " ".join(paragraph[:MAX_CHARACTERS].split()))]
        for size in _sizes(room.max_size, max(room.min_size, room.max_size * _ONE_LINE)):
            if all(self.line(text).length * size <= room.width for text in texts):
                block = self._block(texts, size)
                if self._fits(block, room):
                    return block
        for breaks_words in (False, True):
            for size in _sizes(room.max_size, room.min_size):
                lines = self._wrapped(texts, room.width / size, breaks_words=breaks_words)
                if lines is not None and self._fits(block := self._block(lines, size), room):
                    return block
        return self._cut(texts, room)

    def line(self, text: str) -> Line:
        runs = _shaped(text, self.weight, han_language(text, self.country))
        return Line(text, runs, width(list(runs)))

    def _fits(self, block: Block, room: Room) -> bool:
        is_low = len(block.lines) <= room.max_lines and block.height <= room.height + 0.01
        return is_low and block.width <= room.width + 0.01

    def _block(self, texts: Sequence[str], size: float, *, is_cut: bool = False) -> Block:
        lines = tuple(self.line(text) for text in texts)
        faces = {run.face for line in lines for run in line.runs}
        ascent = max((_extents(face)[0] for face in faces), default=1.0)
        descent = max((_extents(face)[1] for face in faces), default=0.3)
        return Block(lines, size, ascent, ascent + descent, is_cut)

    def _wrapped(self, texts: Sequence[str], room: float, *, breaks_words: bool) -> list[str] | None:
        """Lines of at most `room` ems; None when a word is too long for one and may not be broken."""
        lines: list[str] = []
        for text in texts:
            current = ""
            for word in text.split():
                joined = f"{current} {word}" if current else word
                if self.line(joined).length <= room:
                    current = joined
                    continue
                lines += [current] if current else []
                *whole, current = self._pieces(word, room)
                if whole and not breaks_words:
                    return None
                lines += whole
            lines.append(current)
        return lines

    def _pieces(self, word: str, room: float) -> list[str]:
        """A word cut into pieces of at most `room`, never between a letter and its marks."""
        pieces = [""]
        for letter in _letters(word):
            if pieces[-1] and self.line(pieces[-1] + letter).length > room:
                pieces.append("")
            pieces[-1] += letter
        return pieces

    def _cut(self, texts: Sequence[str], room: Room) -> Block:
        """As many lines as fit at the smallest size, the last with an ellipsis. Where not even one does, smaller."""
        size = room.min_size
        lines = self._wrapped(texts, room.width / size, breaks_words=True) or [""]
        tall = self._block(lines, size)
        count = max(1, min(room.max_lines, int((room.height + 0.01) / (tall.leading * size))))
        kept = lines[:count]
        if len(lines) > count:
            kept[-1] = self._with_ellipsis(kept[-1], room.width / size)
        block = self._block(kept, size, is_cut=len(lines) > count)
        shrunk = size * min(1.0, room.height / block.height, room.width / max(block.width, 0.01))
        return Block(block.lines, shrunk, block.ascent, block.leading, block.is_cut)

    def _with_ellipsis(self, text: str, room: float) -> str:
        letters = _letters(text)
        while letters and self.line("".join(letters).rstrip() + "…").length > room:
            letters.pop()
        return "".join(letters).rstrip() + "…"


def is_right_to_left(text: str) -> bool:
    """By its first strong character (UAX #9, P2 and P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in _RIGHT_TO_LEFT or kind in _LEFT_TO_RIGHT:
            return kind in _RIGHT_TO_LEFT
    return False


def _sizes(largest: float, smallest: float) -> list[float]:
    """Downwards in steps, the smallest among them."""
    count = int((largest - smallest) / _STEP)
    sizes = [largest - _STEP * number for number in range(count + 1)]
    return sizes if sizes and abs(sizes[-1] - smallest) < 0.001 else [*sizes, smallest]


def _letters(text: str) -> list[str]:
    letters: list[str] = []
    for character in text:
        if letters and (unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


@lru_cache(maxsize=8192)
def _shaped(text: str, weight: int, han: str) -> tuple[Run, ...]:
    return tuple(shape(text, typeface(serif=False, weight=weight, optical_size=12, han=han)))


@lru_cache(maxsize=128)
def _extents(face: Face) -> tuple[float, float]:
    """How far letters rise and fall, per unit of size."""
    extents = face.hb_font.get_font_extents("ltr")
    return extents.ascender * face.scale / 1000, -extents.descender * face.scale / 1000
