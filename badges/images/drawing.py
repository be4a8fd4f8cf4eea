"""From a design to shapes, and from shapes to SVG and PNG. Pure, but for the fonts of the certificates."""

import io
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageDraw, ImageFont

from badges.images.design import Design
from badges.images.icons import ICONS
from badges.images.shapes import SHAPES, SIZE, TEXT_WIDTH, Outline
from certifications.pdf.faces import Face, han_language, typeface

_OVERSAMPLING = 3
_RADIUS = 250.0
_AXES: dict[bytes | str, str] = {b"Weight": "wght", b"Optical Size": "opsz", b"Width": "wdth"}


@dataclass(frozen=True)
class Area:
    outline: Outline
    colour: str


@dataclass(frozen=True)
class Line:
    """A line of text, centred at `x`, standing on `y`, `width` wide in the face it was measured with."""

    text: str
    x: float
    y: float
    size: float
    width: float
    colour: str


def shapes(design: Design) -> tuple[list[Area], list[Line]]:
    """What is drawn, from behind to the front."""
    outline = SHAPES[design.shape]
    areas = [
        Area(outline(_RADIUS * scale), colour)
        for scale, colour in ((1.0, design.rim), (0.93, design.fill), (0.885, design.rim), (0.87, design.fill))
    ]
    texts = [text for text in (design.line_1, design.line_2) if text]
    if design.icon:
        side = 210.0 if texts else 300.0
        top = 75.0 if texts else (SIZE - side) / 2
        areas += [Area(_placed(part, (SIZE - side) / 2, top, side), design.ink) for part in ICONS[design.icon]]
    lines = []
    widest = _RADIUS * TEXT_WIDTH[design.shape]
    first = 345.0 if design.icon else 270.0 - 26.0 * (len(texts) - 1)
    for number, text in enumerate(texts):
        size, width = _fitting(text, 50.0 if number == 0 else 36.0, widest - 50.0 * number)
        lines.append(Line(text, SIZE / 2, first + 50.0 * number, size, width, design.ink))
    return areas, lines


def _placed(part: Outline, x: float, y: float, side: float) -> Outline:
    return tuple((x + px * side / 100, y + py * side / 100) for px, py in part)


def _fitting(text: str, wanted: float, widest: float) -> tuple[float, float]:
    """The size at which a line is no wider than it may be, and its width then."""
    width = _font(text, 100).getlength(text)
    size = min(wanted, 100 * widest / width) if width else wanted
    return size, width * size / 100


def _font(text: str, size: float) -> ImageFont.FreeTypeFont:
    faces = typeface(serif=True, weight=600, optical_size=40, han=han_language(text, ""))
    return _opened(faces.face_for(text), size)


@lru_cache(maxsize=64)
def _opened(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """A face of the certificates, at its weight."""
    font = ImageFont.truetype(str(files(face.package) / "fonts" / "ofl" / face.file), size)
    if face.axes:
        wanted = dict(face.axes)
        font.set_variation_by_axes(
            [wanted.get(_AXES.get(axis["name"], ""), float(axis["default"] or 0)) for axis in font.get_variation_axes()]
        )
    return font


def as_svg(design: Design, *, title: str = "") -> str:
    """The drawing as SVG 1.1: polygons and text, no script, no style, nothing from elsewhere. `title` is escaped."""
    areas, lines = shapes(design)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}" role="img"'
        f"{f' aria-label={quoteattr(title)}' if title else ''}>"
    ]
    if title:
        parts.append(f"<title>{escape(title)}</title>")
    for area in areas:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in area.outline)
        parts.append(f'<polygon points="{points}" fill="{area.colour}"/>')
    return "".join([*parts, *(_text(line) for line in lines), "</svg>"])


def _text(line: Line) -> str:
    """In whatever serif the reader has, held to the width it was measured with."""
    return (
        f'<text x="{line.x:.0f}" y="{line.y:.0f}" text-anchor="middle" fill="{line.colour}" font-weight="600" '
        f'font-family="Source Serif 4, Georgia, serif" font-size="{line.size:.1f}" '
        f'textLength="{line.width:.0f}" lengthAdjust="spacingAndGlyphs">{escape(line.text)}</text>'
    )


@lru_cache(maxsize=32)
def as_png(design: Design) -> bytes:
    """The drawing as PNG of SIZE pixels with a transparent ground, drawn larger and scaled down for smooth edges."""
    areas, lines = shapes(design)
    scale = _OVERSAMPLING
    picture = Image.new("RGBA", (SIZE * scale, SIZE * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for area in areas:
        draw.polygon([(x * scale, y * scale) for x, y in area.outline], fill=area.colour)
    for line in lines:
        font = _font(line.text, line.size * scale)
        draw.text((line.x * scale, line.y * scale), line.text, font=font, fill=line.colour, anchor="ms")
    out = io.BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()
