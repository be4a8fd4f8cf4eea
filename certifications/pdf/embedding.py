"""Glyphs as PDF text: a Type 0 font with a small TrueType font cut from the face, drawn by glyph, read as text.

reportlab's own TTFont draws characters, so it cannot draw what shaping makes of them. This writes the font objects of
ISO 32000-1, 9.7 beside it: a CID stands for a glyph and what it means, so one glyph may read differently in two places.
Canvas and document are `Any` here: reportlab's types leave out what a font needs of them.
"""

import struct
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import uharfbuzz as hb

from certifications.pdf.faces import Face
from certifications.pdf.objects import Dictionary, Stream
from certifications.pdf.shaping import Glyph, Run

_DROPPED = [
    int.from_bytes(tag.encode(), "big") for tag in ("GSUB", "GPOS", "GDEF", "BASE", "STAT", "name", "vhea", "vmtx")
]
_NO_HINTS = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NO_LAYOUT_CLOSURE | hb.SubsetFlags.NOTDEF_OUTLINE


class EmbeddedFont:
    """A face as used in one document. CIDs count from 1 in the order of first use: equal pages give equal bytes."""

    def __init__(self, face: Face, document: Any) -> None:
        self.face = face
        self.internal_name = f"F{len(document.fontMapping) + 1}"
        self._cids: dict[tuple[int, str], int] = {}
        self._widths: list[float] = []
        document.fontMapping[face] = "/" + self.internal_name
        document.delayedFonts.append(self)

    def cid(self, glyph: Glyph) -> int:
        key = (glyph.id, glyph.text)
        if key not in self._cids:
            self._cids[key] = len(self._cids) + 1
            self._widths.append(glyph.width)
        return self._cids[key]

    def addObjects(self, document: Any) -> None:  # noqa: N802  called by reportlab when it saves
        cut = cut_font(self.face, frozenset(glyph for glyph, _ in self._cids))
        name = f"{cut.tag}+{self.face.postscript_name}"
        cid_to_glyph = b"\0\0" + b"".join(struct.pack(">H", cut.new_ids[glyph]) for glyph, _ in self._cids)
        descendant = {
            "Type": "/Font",
            "Subtype": "/CIDFontType2",
            "BaseFont": "/" + name,
            "CIDSystemInfo": "<</Registry (Adobe) /Ordering (Identity) /Supplement 0>>",
            "FontDescriptor": document.Reference(self._descriptor(document, name, cut)),
            "DW": 0,
            "W": "[1 [" + " ".join(f"{width:.2f}" for width in self._widths) + "]]",
            "CIDToGIDMap": document.Reference(_stream(cid_to_glyph)),
        }
        font = {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": "/" + name,
            "Encoding": "/Identity-H",
            "DescendantFonts": [document.Reference(Dictionary(descendant))],
            "ToUnicode": document.Reference(_stream(self._to_unicode())),
        }
        document.idToObject["BasicFonts"].dict[self.internal_name] = document.Reference(Dictionary(font))

    def _descriptor(self, document: Any, name: str, cut: "Cut") -> Dictionary:
        extents = self.face.hb_font.get_font_extents("ltr")
        ascent, descent = round(extents.ascender * self.face.scale), round(extents.descender * self.face.scale)
        program = Stream({"Filter": "/FlateDecode", "Length1": cut.size}, cut.deflated)
        return Dictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": "/" + name,
                "Flags": 4,
                "FontBBox": f"[-1000 {descent} 3000 {ascent}]",
                "ItalicAngle": 0,
                "Ascent": ascent,
                "Descent": descent,
                "CapHeight": 700,
                "StemV": 80,
                "FontFile2": document.Reference(program),
            }
        )

    def _to_unicode(self) -> bytes:
        """CID -> text as a CMap (ISO 32000-1, 9.10.3)."""
        pairs = [f"<{cid:04X}> <{text.encode('utf-16-be').hex().upper()}>" for (_, text), cid in self._cids.items()]
        blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
        mapping = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
        return (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
            f"{mapping}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
        ).encode("ascii")


def draw_runs(canvas: Any, runs: list[Run], *, x: float, y: float, size: float) -> None:
    """Draws a shaped line with its left end at (x, y), in the canvas's fill colour."""
    fonts: dict[Face, EmbeddedFont] = canvas.__dict__.setdefault("embedded_fonts", {})
    for run in runs:
        if run.face not in fonts:
            fonts[run.face] = EmbeddedFont(run.face, canvas._doc)
        font = fonts[run.face]
        operators = "".join(_show(glyph, font.cid(glyph), size) for glyph in run.glyphs).replace("] TJ\n[", " ")
        canvas._code.append(f"BT /{font.internal_name} {size:g} Tf 1 0 0 1 {x:.3f} {y:.3f} Tm\n{operators}ET")
        x += run.advance * size / 1000


def _show(glyph: Glyph, cid: int, size: float) -> str:
    """One glyph as a TJ operator: moved by its offset, then on by its advance rather than its width."""
    if not glyph.dy and not glyph.dx and abs(glyph.width - glyph.advance) < 0.005:
        return f"[<{cid:04X}>] TJ\n"  # most glyphs
    before = f"{-glyph.dx:.2f} " if glyph.dx else ""
    rest = glyph.dx + glyph.width - glyph.advance
    after = f" {rest:.2f}" if abs(rest) >= 0.005 else ""
    shown = f"[{before}<{cid:04X}>{after}] TJ\n"
    return f"{glyph.dy * size / 1000:.3f} Ts\n{shown}0 Ts\n" if glyph.dy else shown


def _stream(content: bytes) -> Stream:
    return Stream({"Filter": "/FlateDecode"}, _deflated(content))


@lru_cache(maxsize=256)
def _deflated(content: bytes) -> bytes:
    """Kept, because fonts that set only what stands on each certificate have the same tables on each."""
    return zlib.compress(content, 6)


@dataclass(frozen=True)
class Cut:
    """A small font: deflated, its size before, the ids of its glyphs by their ids in the face."""

    deflated: bytes
    size: int
    new_ids: dict[int, int]

    @property
    def tag(self) -> str:
        """Six capitals that tell this cut from another (ISO 32000-1, 9.6.4)."""
        return "".join(chr(65 + (self.size // 26**place) % 26) for place in range(6))


def cut_font(face: Face, glyphs: frozenset[int]) -> Cut:
    """The glyphs as a static TrueType font. Where plain letters are all that is used, all of them go in: most pages
    then share one cut, which takes longer than the rest of the page."""
    plain = _plain_glyphs(face)
    return _cut(face, plain if glyphs <= plain else glyphs)


@cache
def _plain_glyphs(face: Face) -> frozenset[int]:
    buffer = hb.Buffer()
    buffer.add_str("".join(map(chr, range(32, 127))) + " fi fl ff ffi ffl \u2013\u2019\u2026")
    buffer.guess_segment_properties()
    hb.shape(face.hb_font, buffer, {})
    return frozenset(info.codepoint for info in buffer.glyph_infos) - {0}


@lru_cache(maxsize=64)
def _cut(face: Face, glyphs: frozenset[int]) -> Cut:
    wanted = hb.SubsetInput()
    axes = dict(face.axes)
    for axis in face.hb_face.axis_infos:
        if axis.tag in axes:
            wanted.pin_axis_location(face.hb_face, axis.tag, axes[axis.tag])
        else:
            wanted.pin_axis_to_default(face.hb_face, axis.tag)
    wanted.glyph_set.update(glyphs)
    wanted.drop_table_tag_set.update(_DROPPED)
    wanted.flags = _NO_HINTS
    plan = hb.SubsetPlan(face.hb_face, wanted)
    program = plan.execute().blob.data
    return Cut(zlib.compress(program, 6), len(program), dict(plan.old_to_new_glyph_mapping))
