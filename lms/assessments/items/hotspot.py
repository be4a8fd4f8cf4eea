"""Hotspot: regions of an image are chosen, with the pointer or as numbered options."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from lms.assessments.items.base import (
    MAX_OPTIONS,
    ONE,
    ZERO,
    Answer,
    Content,
    ItemType,
    Option,
    OptionId,
    Struct,
    known,
    require,
)
from lms.assessments.items.choice import ChoiceKey, ChoicesKey, Limit, chosen_of, fraction_of, require_weights

Pixels = Annotated[int, msgspec.Meta(ge=0, le=20_000)]
COORDINATES = {"rect": 4, "circle": 3, "ellipse": 4}


class Image(Struct, frozen=True, kw_only=True):
    """A kept picture (`media:` and its digest), its alternative text, and the size its coordinates are in."""

    source: Annotated[str, msgspec.Meta(pattern=r"^media:[0-9a-f]{64}$")]
    alt: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    width: Annotated[int, msgspec.Meta(ge=1, le=20_000)]
    height: Annotated[int, msgspec.Meta(ge=1, le=20_000)]


class Region(Struct, frozen=True, kw_only=True):
    """A part of the image, in pixels from its upper left corner, as HTML's area element has it.

    rect: left, top, right, bottom. circle: x, y, radius. ellipse: x, y, both radii. poly: x, y of each corner.
    `label` is what somebody hears who does not see the image; it must not tell which one is right.
    """

    id: OptionId
    shape: Literal["rect", "circle", "ellipse", "poly"]
    coords: tuple[Pixels, ...]
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""


class HotspotContent(Content, frozen=True, kw_only=True):
    image: Image
    regions: tuple[Region, ...]


class HotspotsContent(HotspotContent, frozen=True, kw_only=True):
    """`limit` is how many regions may be chosen; 0: any number."""

    limit: Limit = 0


def require_regions(content: HotspotContent) -> None:
    """Raises ItemInvalid unless the regions have ids of their own and lie in the image."""
    require(2 <= len(content.regions) <= MAX_OPTIONS, f"An image has from 2 to {MAX_OPTIONS} regions.")
    require(len({region.id for region in content.regions}) == len(content.regions), "Two regions have the same id.")
    for region in content.regions:
        wanted = COORDINATES.get(region.shape)
        count = len(region.coords)
        is_complete = count == wanted if wanted else count >= 6 and count % 2 == 0
        require(is_complete, f"A region of the shape “{region.shape}” has the wrong number of coordinates.")
        x, y = region.coords[0], region.coords[1]
        require(x <= content.image.width and y <= content.image.height, "A region lies outside the image.")


def as_options(content: HotspotContent) -> list[Option]:
    """The regions as options, numbered in the author's order: they are not shuffled, their places are."""
    return [
        Option(id=region.id, text=region.label or f"Region {number}")
        for number, region in enumerate(content.regions, start=1)
    ]


class Hotspot(ItemType[HotspotContent, ChoiceKey]):
    """One region of an image."""

    name, answer_type = "hotspot", "choice"
    content, key = HotspotContent, ChoiceKey
    is_shuffled = False

    def check(self, content: HotspotContent, key: ChoiceKey) -> None:
        require_regions(content)
        require_weights(as_options(content), key)
        require(ONE in key.weights.values(), "No region is right.")

    def parse(self, content: HotspotContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        return None if raw is None or raw == "" else known(raw, ids, as_options(content))

    def fraction(self, key: ChoiceKey, answer: Any) -> Decimal:
        return key.weights.get(answer, ZERO)

    def feedback(self, key: ChoiceKey, answer: Any) -> list[str]:
        return [key.feedback.get(answer, "")]

    def options(self, content: HotspotContent) -> Sequence[Option]:
        return as_options(content)


class Hotspots(ItemType[HotspotsContent, ChoicesKey]):
    """Several regions of an image, scored like a multiple choice."""

    name, answer_type = "hotspots", "choices"
    content, key = HotspotsContent, ChoicesKey
    is_shuffled = False

    def check(self, content: HotspotsContent, key: ChoicesKey) -> None:
        require_regions(content)
        require_weights(as_options(content), key)
        right = sum(weight > 0 for weight in key.weights.values())
        require(right > 0, "No region is right.")
        require(content.limit == 0 or content.limit >= right, "Fewer regions may be chosen than are right.")

    def parse(self, content: HotspotsContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        return chosen_of(raw, ids, as_options(content), content.limit)

    def fraction(self, key: ChoicesKey, answer: Any) -> Decimal:
        return fraction_of(key, set(answer))

    def feedback(self, key: ChoicesKey, answer: Any) -> list[str]:
        return [key.feedback.get(one, "") for one in answer]

    def options(self, content: HotspotsContent) -> Sequence[Option]:
        return as_options(content)
