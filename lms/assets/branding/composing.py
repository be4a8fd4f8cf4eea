"""Template, brand and stamp -> what is drawn on each page, and what people should know of it. Nothing here knows PDF.

Marks are in points, y upwards from the left bottom corner of the trimmed page as it is seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from certifications.pdf.shaping import Run
from lms.assets.branding.brand import Brand
from lms.assets.branding.colours import INK, WHITE, contrast, readable_on
from lms.assets.branding.errors import BrandRefused
from lms.assets.branding.fitting import Block, Room, Setter, is_right_to_left
from lms.assets.branding.logos import open_logo, plate_for, seen_on
from lms.assets.branding.template import EDGE, MM, Across, Align, Kind, Plate, Size, Template, Zone
from lms.common.guards import clean_name

_PLATE_MARGIN = 0.1  # of the zone's smaller side


@dataclass(frozen=True, slots=True)
class Fill:
    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Words:
    """A shaped line; `x` is its left end, `y` its baseline."""

    runs: tuple[Run, ...]
    x: float
    y: float
    size: float
    colour: str


@dataclass(frozen=True, slots=True)
class Picture:
    png: bytes
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code with its quiet zone inside `size`, ink on white."""

    url: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    x: float
    y: float
    width: float
    height: float


Mark = Fill | Words | Picture | Code | Link


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about a zone that people should know before they print."""

    code: str
    zone: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """What makes a copy known: its number, where it is checked, its last day."""

    number: str
    check_url: str
    expires_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What is drawn on one page of `width` by `height` points."""

    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Composition:
    sheets: tuple[Sheet, ...]
    notices: tuple[Notice, ...]


def compose(
    template: Template,
    pages: Sequence[Size],
    brand: Brand,
    stamp: Stamp,
    *,
    logo: bytes | None,
    values: Mapping[str, str] | None = None,
    bleed: float = 0,
) -> Composition:
    """The marks of each page. Bands at an edge go on for `bleed` points. `values` are the partner's own words by zone.

    Raises BrandRefused when something is missing that a zone must have, or a text is too long.
    """
    composer = _Composer(template, pages, brand, stamp, logo, values or {}, bleed)
    for zone in template.zones:
        if zone.kind == Kind.BAND:
            composer.draw_band(zone)
    for zone in template.zones:
        if zone.kind != Kind.BAND:
            composer.draw(zone)
    return Composition(sheets=composer.sheets, notices=tuple(composer.notices))


class _Composer:
    def __init__(
        self,
        template: Template,
        pages: Sequence[Size],
        brand: Brand,
        stamp: Stamp,
        logo: bytes | None,
        values: Mapping[str, str],
        bleed: float,
    ) -> None:
        self.template, self.brand, self.stamp = template, brand, stamp
        self.logo, self.values, self.bleed = logo, values, bleed
        self.notices: list[Notice] = []
        self.sheets = tuple(Sheet(width=page.width * MM, height=page.height * MM) for page in pages)

    def draw(self, zone: Zone) -> None:
        if zone.kind == Kind.LOGO:
            self.draw_logo(zone)
        elif zone.kind == Kind.STAMP:
            self.draw_stamp(zone)
        else:
            self.draw_text(zone, self.words_of(zone))

    def draw_band(self, zone: Zone) -> None:
        sheet = self._sheet(zone)
        x, y, width, height = self._box(zone)
        over = max(self.bleed, EDGE * MM)  # on the screen enough to leave no hairline; the page's box cuts it
        left = over if x <= EDGE * MM else 0
        bottom = over if y <= EDGE * MM else 0
        right = over if x + width >= sheet.width - EDGE * MM else 0
        top = over if y + height >= sheet.height - EDGE * MM else 0
        colour = self.colour(zone.colour)
        sheet.marks.append(Fill(x - left, y - bottom, width + left + right, height + bottom + top, colour))

    def draw_logo(self, zone: Zone) -> None:
        """As large as fits without distortion; on a plate where it would not be seen."""
        if self.logo is None:
            if not zone.optional:
                raise BrandRefused("This template needs a logo: add one to your brand first.")
            return
        picture, ground = open_logo(self.logo), self.ground(zone)
        seen = seen_on(picture, ground)
        x, y, width, height = self._box(zone)
        if zone.plate == Plate.ALWAYS or (zone.plate == Plate.AUTO and not seen.is_enough):
            ground = plate_for(picture)
            self._sheet(zone).marks.append(Fill(x, y, width, height, ground))
            margin = min(width, height) * _PLATE_MARGIN
            x, y, width, height = x + margin, y + margin, width - 2 * margin, height - 2 * margin
        if not seen.is_enough:
            self._notice_logo(zone, seen.contrast, has_plate=zone.plate != Plate.NEVER)
        shape = picture.width / picture.height
        drawn_width, drawn_height = min(width, height * shape), min(height, width / shape)
        left = x + (width - drawn_width) * _share(zone.align)
        bottom = y + (height - drawn_height) * _share_across(zone.across)
        self._sheet(zone).marks.append(Picture(self.logo, left, bottom, drawn_width, drawn_height))
        if drawn_width and picture.width / (drawn_width / 72) < 150:
            dpi = picture.width / (drawn_width / 72)
            self._notice(zone, "logo_coarse", f"The logo has {dpi:.0f} dots per inch here; print wants 150 or more.")

    def _notice_logo(self, zone: Zone, ratio: float, *, has_plate: bool) -> None:
        done = "It stands on a plate." if has_plate else "Upload a version of it for this ground."
        self._notice(zone, "logo_contrast", f"The logo has a contrast of {ratio:.1f}:1 here, below 3:1. {done}")

    def words_of(self, zone: Zone) -> list[str]:
        """What stands in a zone of words. Raises BrandRefused when it must not be empty and is."""
        if zone.kind == Kind.NAME:
            return [self.brand.name]
        if zone.kind == Kind.CONTACT:
            words = list(self.brand.contact_lines)
        else:
            text = clean_name(self.values.get(zone.id, zone.default))
            if len(text) > zone.max_length:
                raise BrandRefused(f"“{zone.name}” has {len(text)} characters; {zone.max_length} are printed at most.")
            words = [text] if text else []
        if not words and not zone.optional:
            what = "contact lines: add them to your brand first" if zone.kind == Kind.CONTACT else f"“{zone.name}”"
            raise BrandRefused(f"This template needs {what}.")
        return words

    def draw_text(self, zone: Zone, words: list[str]) -> None:
        if not words:
            return
        x, y, width, height = self._box(zone)
        room = Room(width, height, zone.min_size, zone.max_size, max(zone.lines, len(words)))
        block = Setter(weight=600 if zone.bold else 400, country=self.brand.country).fit(words, room)
        wanted, ground = self.colour(zone.colour), self.ground(zone)
        colour = readable_on(ground, wanted)
        if colour != wanted and zone.colour in {"primary", "on_primary"}:
            ratio = contrast(wanted, ground)
            message = f"{wanted} on {ground} has a contrast of {ratio:.1f}:1, below 4.5:1: printed in {colour}."
            self._notice(zone, "colour_contrast", message)
        if block.is_cut:
            self._notice(zone, "text_cut", "The words do not fit at the smallest size and were cut.")
        top = y + height - (height - block.height) * (1 - _share_across(zone.across))
        self._set(zone, block, x=x, top=top, width=width, colour=colour)
        if zone.kind == Kind.CONTACT and self.brand.website:
            self._sheet(zone).marks.append(Link(self.brand.link, x, top - block.height, width, block.height))

    def draw_stamp(self, zone: Zone) -> None:
        """The code at the left; number, address and last day beside it."""
        x, y, width, height = self._box(zone)
        side = min(height, width / 3)
        sheet = self._sheet(zone)
        sheet.marks.append(Code(self.stamp.check_url, x, y + (height - side) / 2, side))
        ends = self.stamp.expires_on
        words = [
            f"Copy {self.stamp.number}",
            f"Check at {self.stamp.check_url.split('://', 1)[1].partition('/')[0]}/copies",
            f"Valid until {ends.day} {ends:%B %Y}" if ends else "",
        ]
        gap = side * 0.12
        room = Room(width - side - gap, height, 4.5, 7.5, 4)
        block = Setter(weight=400, country="").fit(words, room)
        if block.is_cut:
            raise BrandRefused("The stamp has no room for number, address and last day: its zone must be larger.")
        top = y + height / 2 + block.height / 2
        colour = readable_on(self.ground(zone), INK)
        self._set(zone, block, x=x + side + gap, top=top, width=room.width, colour=colour)
        sheet.marks.append(Link(self.stamp.check_url, x, y, width, height))

    def _set(self, zone: Zone, block: Block, *, x: float, top: float, width: float, colour: str) -> None:
        sheet = self._sheet(zone)
        for number, line in enumerate(block.lines):
            share = _share(zone.align) if zone.kind != Kind.STAMP else 0.0
            share = 1 - share if is_right_to_left(line.text) else share
            left = x + (width - line.length * block.size) * share
            baseline = top - (number * block.leading + block.ascent) * block.size
            sheet.marks.append(Words(line.runs, left, baseline, block.size, colour))

    def _notice(self, zone: Zone, code: str, message: str) -> None:
        self.notices.append(Notice(code, zone.id, message))

    def colour(self, role: str) -> str:
        roles = {"primary": self.brand.primary, "on_primary": self.brand.on_primary, "ink": INK, "white": WHITE}
        return roles.get(role, role)

    def ground(self, zone: Zone) -> str:
        """The colour behind a zone."""
        if zone.on is not None:
            return self.colour(zone.on)
        band = self.template.band_below(zone)
        return self.colour(band.colour) if band else WHITE

    def _sheet(self, zone: Zone) -> Sheet:
        return self.sheets[zone.page - 1]

    def _box(self, zone: Zone) -> tuple[float, float, float, float]:
        """Left, bottom, width, height in points."""
        x, _, width, height = (length * MM for length in zone.box)
        return x, self._sheet(zone).height - zone.bottom * MM, width, height


def _share(align: Align) -> float:
    return {Align.START: 0.0, Align.CENTRE: 0.5, Align.END: 1.0}[align]


def _share_across(across: Across) -> float:
    """Of the room left over, what lies below."""
    return {Across.BOTTOM: 0.0, Across.MIDDLE: 0.5, Across.TOP: 1.0}[across]
