"""A partner's logo: what is taken, and whether it is seen on the colour it stands on."""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from lms.assets.branding.colours import INK, VISIBLE, WHITE, hexadecimal, luminance, rgb
from lms.assets.branding.errors import LogoUnreadable

Array = NDArray[Any]

MAX_UPLOAD_BYTES = 5_000_000
MAX_PIXELS = 25_000_000
LONGEST_SIDE = 2000  # pixels kept: 85 mm at 600 dpi
MAX_KEPT_BYTES = 1_500_000  # a drawing has far less; photographs are made smaller until they have no more
_SIDES = (LONGEST_SIDE, 1400, 1000, 700, 500)  # 500 × 500 pixels fit in any case
_FORMATS = ("PNG", "JPEG")
_ENOUGH = 2 / 3  # of what can be seen of a logo must be seen on its ground
_MEASURED = 200  # pixels of the longest side that contrast is measured on
_SOLID = 128  # alpha from which on a pixel counts


def clean_logo(data: bytes) -> bytes:
    """An upload (PNG or JPEG) as a PNG drawn anew, its empty edges cut off: no metadata and no script survives.

    Raises LogoUnreadable for anything else, also for SVG, more than 5 MB, more than 25 million pixels, and a picture
    with nothing in it.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise LogoUnreadable("The logo has more than 5 MB.")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise LogoUnreadable("The logo has more than 25 million pixels.")
            drawn = ImageOps.exif_transpose(eight_bit(picture)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LogoUnreadable("This is not a picture in PNG or JPEG. Export an SVG as PNG first.") from error
    box = drawn.getchannel("A").getbbox()
    if box is None:
        raise LogoUnreadable("The logo is empty: all of it is transparent.")
    drawn = drawn.crop(box)
    for side in _SIDES:
        drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
        png = _encoded(drawn)
        if len(png) <= MAX_KEPT_BYTES:
            break
    return png


def eight_bit(picture: Image.Image) -> Image.Image:
    """A picture of 16 bits of grey with 8: Pillow's own way cuts all that is above 255."""
    if not picture.mode.startswith("I"):
        return picture
    smaller = picture.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    smaller.info = dict(picture.info)
    return smaller


def _encoded(picture: Image.Image) -> bytes:
    """As PNG, of the pixels alone."""
    out = io.BytesIO()
    Image.frombytes("RGBA", picture.size, picture.tobytes()).save(out, "PNG")
    return out.getvalue()


@lru_cache(maxsize=2)  # up to 16 MB each
def open_logo(png: bytes) -> Image.Image:
    """The picture of a cleaned logo. Kept: one making asks for it several times. Not to be changed."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        return picture.convert("RGBA")


@dataclass(frozen=True, slots=True)
class Seen:
    """How a logo is seen on a ground: the middle contrast of its pixels, and the share of them at 3:1 and above."""

    contrast: float
    share: float

    @property
    def is_enough(self) -> bool:
        return self.share >= _ENOUGH


def seen_on(logo: Image.Image, ground: str) -> Seen:
    """Measured on the logo's solid pixels. A logo without transparency brings its own ground, the colour of its edge:
    what is of that colour is no part of it, and contrast is measured against it."""
    small = logo.copy()
    small.thumbnail((_MEASURED, _MEASURED), Image.Resampling.BOX)
    pixels = np.asarray(small)
    own = own_ground(logo)
    solid = pixels[pixels[..., 3] >= _SOLID]
    behind = luminance(rgb(own or ground))
    ratios = _ratios(solid, behind)
    if own:
        ratios = ratios[ratios > 1.1]
    if not len(ratios):
        return Seen(1.0, 0.0)
    return Seen(round(float(np.median(ratios)), 2), round(float(np.mean(ratios >= VISIBLE)), 3))


def own_ground(logo: Image.Image) -> str | None:
    """The colour of the edge of a logo that is not transparent anywhere; None for one that is."""
    if _thinnest(logo) < _SOLID:
        return None
    pixels = np.asarray(logo)[..., :3]
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return hexadecimal(int(channel) for channel in np.median(edge, axis=0))


def _thinnest(logo: Image.Image) -> int:
    """The least alpha of a pixel."""
    return int(np.asarray(logo)[..., 3].min())


def plate_for(logo: Image.Image) -> str:
    """White or ink, whichever the logo is seen better on."""
    return max((WHITE, INK), key=lambda ground: seen_on(logo, ground).share)


_LINEAR = np.array(
    [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in np.arange(256) / 255]
)


def _ratios(pixels: Array, behind: float) -> Array:
    """The contrast of each pixel with a luminance."""
    light: Array = _LINEAR[pixels[:, :3]] @ np.array([0.2126, 0.7152, 0.0722])
    ratios: Array = (np.maximum(light, behind) + 0.05) / (np.minimum(light, behind) + 0.05)
    return ratios
