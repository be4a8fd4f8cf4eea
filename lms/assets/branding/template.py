"""A template: the zones of a master that belong to the partner. Pure: a document and the pages in, a checked value out.

Boxes are `[x, y, width, height]` in millimetres from the top left corner of the trimmed page as its reader sees it,
y downwards. A picture's millimetres follow from its pixels and `dpi`. The format is described in docs/cobranding.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from lms.assets.branding.errors import TemplateRefused

MM = 72 / 25.4  # points
EDGE = 0.5  # mm: a box so near to the edge of the page touches it
STAMP_SIZE = (45.0, 9.0)  # mm: room for the code and three lines that can be read
MAX_ZONES = 40

Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,29}\Z")]
Short = Annotated[str, Meta(max_length=80)]
Colour = Annotated[str, Meta(pattern=r"^(primary|on_primary|ink|white|#[0-9a-f]{6})\Z")]
Millimetres = Annotated[float, Meta(ge=0, le=5000)]
Points = Annotated[float, Meta(ge=5, le=200)]


class Kind(StrEnum):
    """`band`: an area in a colour. `text`: words the partner may choose. `stamp`: number, code and last day."""

    LOGO = "logo"
    NAME = "name"
    CONTACT = "contact"
    TEXT = "text"
    BAND = "band"
    STAMP = "stamp"


class Align(StrEnum):
    """`start` is left, for words written from the right it is right; `end` is the other side."""

    START = "start"
    CENTRE = "centre"
    END = "end"


class Across(StrEnum):
    TOP = "top"
    MIDDLE = "middle"
    BOTTOM = "bottom"


class Plate(StrEnum):
    """Whether a logo that is not seen on its ground gets a plate behind it."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Zone(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place of the partner's. `on` is the colour behind it; left out, it is the band below or white paper."""

    id: Slug
    kind: Kind
    page: Annotated[int, Meta(ge=1, le=500)] = 1
    box: tuple[Millimetres, Millimetres, Millimetres, Millimetres]
    align: Align = Align.START
    across: Across = Across.MIDDLE
    min_size: Points = 7
    max_size: Points = 14
    lines: Annotated[int, Meta(ge=1, le=12)] = 2
    bold: bool = False
    colour: Colour = "ink"
    on: Colour | None = None
    optional: bool = False
    plate: Plate = Plate.AUTO
    label: Short = ""
    default: Annotated[str, Meta(max_length=300)] = ""
    max_length: Annotated[int, Meta(ge=1, le=300)] = 120

    @property
    def right(self) -> float:
        return self.box[0] + self.box[2]

    @property
    def bottom(self) -> float:
        return self.box[1] + self.box[3]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label or self.id.replace("_", " ")

    def overlaps(self, other: "Zone") -> bool:
        return (
            self.page == other.page
            and self.box[0] < other.right
            and other.box[0] < self.right
            and self.box[1] < other.bottom
            and other.box[1] < self.bottom
        )

    def lies_in(self, other: "Zone") -> bool:
        return (
            self.page == other.page
            and other.box[0] - EDGE <= self.box[0]
            and other.box[1] - EDGE <= self.box[1]
            and self.right <= other.right + EDGE
            and self.bottom <= other.bottom + EDGE
        )


class Template(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The zones of one master. `dpi` counts for pictures only. `crop_marks`: of the file for printing."""

    zones: Annotated[tuple[Zone, ...], Meta(min_length=1, max_length=MAX_ZONES)]
    dpi: Annotated[int, Meta(ge=50, le=600)] = 150
    crop_marks: bool = False

    def of_kind(self, kind: Kind) -> list[Zone]:
        return [zone for zone in self.zones if zone.kind == kind]

    def band_below(self, zone: Zone) -> Zone | None:
        """The last band drawn that the zone lies in."""
        return next((band for band in reversed(self.of_kind(Kind.BAND)) if zone.lies_in(band)), None)

    @property
    def questions(self) -> list[Zone]:
        """What the partner is asked for with each copy."""
        return self.of_kind(Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Size:
    """Of a trimmed page as it is seen, in millimetres."""

    width: float
    height: float


def parse(document: Any, pages: Sequence[Size]) -> Template:
    """The template of a document for a master with these pages. Raises TemplateRefused, saying where and what."""
    try:
        template = msgspec.convert(document, Template, strict=False)
    except msgspec.ValidationError as error:
        raise TemplateRefused(f"This is no template: {error}.") from error
    problems = list(_problems(template, pages))
    if problems:
        raise TemplateRefused(" ".join(problems))
    return template


def as_document(template: Template) -> Any:
    """For storing, as JSON has it. `parse` gives the same template again."""
    return msgspec.json.decode(msgspec.json.encode(template))


def stored(document: Any) -> Template:
    """The template of a document that was checked when it was stored."""
    return msgspec.convert(document, Template)


def _problems(template: Template, pages: Sequence[Size]) -> Iterator[str]:
    ids = [zone.id for zone in template.zones]
    yield from (f"Two zones are called “{one}”." for one in sorted({one for one in ids if ids.count(one) > 1}))
    stamps = template.of_kind(Kind.STAMP)
    if len(stamps) != 1:
        yield f"A template has one stamp, which says what the copy is; this one has {len(stamps)}."
    if not template.of_kind(Kind.LOGO) and not template.of_kind(Kind.NAME):
        yield "A template needs a zone for the partner's logo or name."
    for zone in template.zones:
        yield from (f"Zone “{zone.id}”: {problem}" for problem in _zone_problems(zone, pages))
    yield from _overlaps(template)


def _zone_problems(zone: Zone, pages: Sequence[Size]) -> Iterator[str]:
    if zone.page > len(pages):
        yield f"there is no page {zone.page}; the master has {len(pages)}."
        return
    page, (_, _, width, height) = pages[zone.page - 1], zone.box
    if width < 1 or height < 1:
        yield "its box must be at least 1 mm wide and high."
    if zone.right > page.width + EDGE or zone.bottom > page.height + EDGE:
        yield (
            f"its box ends at {zone.right:g} × {zone.bottom:g} mm, beyond the page of"
            f" {page.width:.1f} × {page.height:.1f} mm."
        )
    if zone.kind == Kind.STAMP and (width < STAMP_SIZE[0] or height < STAMP_SIZE[1]):
        yield f"a stamp needs at least {STAMP_SIZE[0]:g} × {STAMP_SIZE[1]:g} mm to be read and scanned."
    if zone.kind in {Kind.NAME, Kind.CONTACT, Kind.TEXT}:
        yield from _text_problems(zone, height)
    if len(zone.default) > zone.max_length:
        yield f"its default text is longer than the {zone.max_length} characters it allows."


def _text_problems(zone: Zone, height: float) -> Iterator[str]:
    if zone.min_size > zone.max_size:
        yield f"its smallest size, {zone.min_size:g} pt, is above its largest, {zone.max_size:g} pt."
    if height * MM < zone.min_size * 1.4:
        yield f"a line of {zone.min_size:g} pt needs a box at least {zone.min_size * 1.4 / MM:.1f} mm high."


def _overlaps(template: Template) -> Iterator[str]:
    """Words and pictures stand beside each other, and wholly on a band or wholly off it."""
    bands = template.of_kind(Kind.BAND)
    others = [zone for zone in template.zones if zone.kind != Kind.BAND]
    for one, other in combinations(others, 2):
        if one.overlaps(other):
            yield f"Zones “{one.id}” and “{other.id}” lie over each other."
    for zone in others:
        for band in bands:
            if zone.overlaps(band) and not zone.lies_in(band):
                yield f"Zone “{zone.id}” lies half on the band “{band.id}”: move it wholly on or off it."
