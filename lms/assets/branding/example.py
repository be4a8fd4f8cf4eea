"""An invented partner, to see how a template will look."""

import io
from functools import cache

from PIL import Image, ImageDraw

from lms.assets.branding.brand import make_brand

EXAMPLE = make_brand(
    name="Example & Partners International",
    contact=["12 Sample Street, 1000 Anytown", "+00 555 0100", "sales@partner.example"],
    website="partner.example",
    primary="#2f5d50",
)


@cache
def example_logo() -> bytes:
    """A disc and two bars in the example's colour, as PNG."""
    picture = Image.new("RGBA", (900, 300), (0, 0, 0, 0))
    drawing = ImageDraw.Draw(picture)
    drawing.ellipse((0, 0, 299, 299), fill=EXAMPLE.primary)
    drawing.rectangle((350, 70, 899, 130), fill=EXAMPLE.primary)
    drawing.rectangle((350, 170, 700, 230), fill=EXAMPLE.primary)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
