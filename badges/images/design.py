"""What a badge looks like, as data: a shape, three colours, an icon, two lines of text."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from badges.images.icons import ICONS
from badges.images.shapes import SHAPES
from lms.common.guards import clean_name

MAX_LINE = 24
_COLOUR = re.compile(r"#[0-9a-f]{6}")


class InvalidDesign(ValueError):
    """A design with a colour, shape or icon that there is not."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Colours are #rrggbb in small letters; `icon` may be empty; lines have at most 24 characters."""

    shape: str = "circle"
    fill: str = "#17594a"
    rim: str = "#c8973f"
    ink: str = "#ffffff"
    icon: str = "laurel"
    line_1: str = ""
    line_2: str = ""

    def __post_init__(self) -> None:
        """Raises InvalidDesign: whatever is drawn was checked, also when it comes from a table or an address."""
        if self.shape not in SHAPES or (self.icon and self.icon not in ICONS):
            raise InvalidDesign("There is no such shape or icon.")
        for colour in (self.fill, self.rim, self.ink):
            if not _COLOUR.fullmatch(colour):
                raise InvalidDesign("A colour is written #rrggbb.")
        for line in (self.line_1, self.line_2):
            if len(line) > MAX_LINE or clean_name(line) != line:
                raise InvalidDesign(f"A line has at most {MAX_LINE} plain characters.")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def default_design(name: str) -> Design:
    """For an achievement nobody has designed yet: its name on two lines, as far as it fits."""
    words, lines = clean_name(name).split(), ["", ""]
    for number in (0, 1):
        while words and len(f"{lines[number]} {words[0]}".strip()) <= (16 if number == 0 else MAX_LINE):
            lines[number] = f"{lines[number]} {words.pop(0)}".strip()
    return Design(line_1=lines[0], line_2=lines[1])
