"""From a text to placed glyphs: direction, font per run, shaping, visual order. Nothing here knows PDF."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

import uharfbuzz as hb
from bidi import algorithm as bidi

from certifications.pdf.faces import Face, Typeface

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})
_LEFT_OUT = frozenset({"RLE", "LRE", "RLO", "LRO", "PDF", "BN"})  # of the algorithm, by rule X9; joiners among them


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph in PDF units (1000 per em). `text` is what it stands for in reading order; empty for the further
    glyphs of a cluster, whose first glyph carries the whole."""

    id: int
    text: str
    width: float
    advance: float
    dx: float
    dy: float


@dataclass(frozen=True)
class Run:
    """Glyphs of one face, left to right."""

    face: Face
    glyphs: tuple[Glyph, ...]

    @cached_property
    def advance(self) -> float:
        return sum(glyph.advance for glyph in self.glyphs)


def shape(text: str, typeface: Typeface) -> list[Run]:
    """Runs of `text` in the order in which they stand on the line, left to right.

    Bidirectional levels as in UAX #9 (python-bidi), letters joined, reordered and kerned by HarfBuzz.
    """
    text = unicodedata.normalize("NFC", text)
    if not text:
        return []
    runs = [
        (level, _shape_run("".join(part), face, is_rtl=level % 2 == 1)) for level, face, part in _runs(text, typeface)
    ]
    return [run for _, run in _visual(runs)]


def width(runs: list[Run]) -> float:
    """Of a line, per unit of font size."""
    return sum(run.advance for run in runs) / 1000


def levels(text: str) -> list[int]:
    """The embedding level of each character: odd is right to left (UAX #9, rules P2 to I2).

    What rule X9 leaves out (joiners, which shaping needs) has the level of the character before it.
    """
    if not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return [0] * len(text)
    storage = bidi.get_empty_storage()
    storage["base_level"] = level = bidi.get_base_level(text)
    storage["base_dir"] = ("L", "R")[level]
    bidi.get_embedding_levels(text, storage)
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    resolved = iter(storage["chars"])
    found: list[int] = []
    for character in text:
        if unicodedata.bidirectional(character) in _LEFT_OUT:
            found.append(found[-1] if found else level)
        else:
            found.append(next(resolved)["level"])
    return found


def _letters(text: str) -> Iterator[tuple[int, str]]:
    """Each base character with the marks and joiners that follow it, and where it starts."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not (unicodedata.category(text[index])[0] == "M" or text[index] in "\u200c\u200d"):
            yield start, text[start:index]
            start = index


def _runs(text: str, typeface: Typeface) -> Iterator[tuple[int, Face, list[str]]]:
    """Cuts `text`, in reading order, wherever level or face change. Blanks stay with the face before them."""
    if text.isascii() and typeface.faces[0].covers(text):  # no marks, one direction, one face: nothing to cut
        yield 0, typeface.faces[0], [text]
        return
    level = levels(text)
    parts: list[tuple[int, Face, str]] = []
    for start, letter in _letters(text):
        previous = parts[-1][1] if parts else None
        keeps = previous is not None and not letter[0].isalnum() and previous.covers(letter)
        face = previous if keeps and previous is not None else typeface.face_for(letter)
        parts.append((level[start], face, letter))
    for (run_level, face), members in groupby(parts, key=lambda part: part[:2]):
        yield run_level, face, [letter for _, _, letter in members]


def _visual(runs: list[tuple[int, Run]]) -> list[tuple[int, Run]]:
    """Rule L2 of UAX #9 on whole runs: from the highest level down, each stretch at or above it is reversed."""
    for threshold in range(max(level for level, _ in runs), 0, -1):
        ordered: list[tuple[int, Run]] = []
        for is_above, stretch in groupby(runs, key=lambda item: item[0] >= threshold):
            members = list(stretch)
            ordered += members[::-1] if is_above else members
        runs = ordered
    return runs


def _shape_run(text: str, face: Face, *, is_rtl: bool) -> Run:
    buffer = hb.Buffer()
    buffer.add_codepoints([ord(character) for character in text])
    buffer.guess_segment_properties()
    buffer.direction = "rtl" if is_rtl else "ltr"
    hb.shape(face.hb_font, buffer, {})
    infos, positions = buffer.glyph_infos, buffer.glyph_positions
    meanings = _meanings(text, [info.cluster for info in infos], positions, is_rtl=is_rtl)
    scale = face.scale
    glyphs = [
        Glyph(
            id=info.codepoint,
            text=meaning,
            width=face.width(info.codepoint),
            advance=position.x_advance * scale,
            dx=position.x_offset * scale,
            dy=position.y_offset * scale,
        )
        if info.codepoint
        else _box(face, meaning)
        for info, position, meaning in zip(infos, positions, meanings, strict=True)
    ]
    return Run(face, tuple(glyphs))


def _box(face: Face, meaning: str) -> Glyph:
    """What stands for a letter that no face has; it still reads as the letter."""
    advance = face.width(face.box)
    return Glyph(id=face.box, text=meaning, width=advance, advance=advance, dx=0, dy=0)


def _meanings(text: str, clusters: list[int], positions: list[hb.GlyphPosition], *, is_rtl: bool) -> list[str]:
    """What each glyph reads as. A cluster's characters are dealt out, in reading order, to those of its glyphs that
    take room; the last gets what is left. Read in the order of the line they give the text again."""
    if clusters == list(range(len(text))):  # a glyph for each character, left to right: most lines
        return list(text)
    members: dict[int, list[int]] = {}
    for index, cluster in enumerate(clusters):
        members.setdefault(cluster, []).append(index)
    meanings = [""] * len(clusters)
    for start, end in pairwise([*sorted(members), len(text)]):
        glyphs = members[start][::-1] if is_rtl else members[start]
        carriers = ([index for index in glyphs if positions[index].x_advance] or glyphs)[: end - start]
        for number, index in enumerate(carriers):
            is_last = number == len(carriers) - 1
            meanings[index] = text[start + number : end if is_last else start + number + 1]
    return meanings
