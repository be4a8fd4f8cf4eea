"""Copies of pictures, and previews of pages. The overlay is the same as of a PDF, turned into dots by PDFium."""

import io
from collections.abc import Mapping

from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from lms.assets.branding.brand import Brand
from lms.assets.branding.composing import Composition, Stamp, compose
from lms.assets.branding.copies import About, Copy
from lms.assets.branding.errors import MasterUnusable
from lms.assets.branding.logos import eight_bit
from lms.assets.branding.painting import paint
from lms.assets.branding.rendering import draw
from lms.assets.branding.template import Size, Template

MAX_PIXELS = 40_000_000  # A3 at 450 dots per inch
MAX_BYTES = 50_000_000
PREVIEW_WIDTH = 1000  # pixels
_MM_PER_INCH = 25.4
_ORIENTATION = 0x0112  # of Exif
_LYING = (5, 6, 7, 8)  # turned by a quarter


def open_picture(data: bytes, *, at_most: int | None = None) -> Image.Image:
    """A master that is a PNG or JPEG, upright, made smaller where it is wider than `at_most` pixels. Its `format` tells
    which. Raises MasterUnusable."""
    if len(data) > MAX_BYTES:
        raise MasterUnusable(f"The picture has more than {MAX_BYTES // 1_000_000} MB.")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise MasterUnusable(f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")
            kind = picture.format
            if at_most is not None:
                picture.thumbnail((at_most, at_most * 3), Image.Resampling.LANCZOS)
            upright = ImageOps.exif_transpose(eight_bit(picture)).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MasterUnusable("This is not a picture in PNG or JPEG.") from error
    upright.format = kind
    return upright


def size_of(picture: Image.Image, dpi: float) -> Size:
    """In millimetres, at so many dots per inch."""
    return Size(picture.width / dpi * _MM_PER_INCH, picture.height / dpi * _MM_PER_INCH)


def brand_picture(
    master: bytes,
    template: Template,
    brand: Brand,
    stamp: Stamp,
    *,
    about: About,
    logo: bytes | None,
    values: Mapping[str, str] | None = None,
    at_most: int | None = None,
) -> Copy:
    """The picture with the partner's zones on it, in its own format and pixels, with the template's dots per inch.

    With `at_most` no wider than so many pixels, and fewer dots per inch: to be looked at. Raises MasterUnusable and
    BrandRefused.
    """
    picture = open_picture(master, at_most=at_most)
    dpi = template.dpi * picture.width / _width_of(master)
    composition = compose(template, [size_of(picture, dpi)], brand, stamp, logo=logo, values=values)
    picture.alpha_composite(_overlay(composition, dpi, picture.size))
    return Copy(content=_saved(picture, dpi, about, stamp), notices=composition.notices)


def _width_of(master: bytes) -> int:
    """Of the whole picture, upright, in pixels; of one that was opened before."""
    with Image.open(io.BytesIO(master), formats=("PNG", "JPEG")) as picture:
        is_lying = picture.getexif().get(_ORIENTATION, 1) in _LYING
        return picture.height if is_lying else picture.width


def _overlay(composition: Composition, dpi: float, size: tuple[int, int]) -> Image.Image:
    """What is drawn, see-through elsewhere, in exactly `size` pixels."""
    pdf = paint(composition.sheets, margin=0, bleed=0, crop_marks=False)
    dots = draw(pdf, page=0, scale=dpi / 72, see_through=True, width=size[0])
    overlay = Image.new("RGBA", size, (0, 0, 0, 0))
    overlay.paste(dots.crop((0, 0, *size)))
    return overlay


def _saved(picture: Image.Image, dpi: float, about: About, stamp: Stamp) -> bytes:
    words = {
        "Title": f"{about.title}: {about.partner}",
        "Author": about.partner,
        "Description": f"Copy {stamp.number}, check at {stamp.check_url}",
    }
    out = io.BytesIO()
    if picture.format == "JPEG":
        exif = Image.Exif()
        exif[0x010E] = words["Description"]  # ImageDescription
        picture.convert("RGB").save(out, "JPEG", quality=92, subsampling=0, dpi=(dpi, dpi), exif=exif)
        return out.getvalue()
    told = PngImagePlugin.PngInfo()
    for name, text in words.items():
        told.add_itxt(name, text)
    picture.save(out, "PNG", dpi=(dpi, dpi), pnginfo=told)
    return out.getvalue()


def preview(content: bytes, *, page: int = 1, width: int = PREVIEW_WIDTH) -> bytes:
    """A page of a PDF, or a picture, as a PNG of about `width` pixels. Raises MasterUnusable."""
    if content.startswith(b"%PDF-"):
        seen = draw(content, page=page - 1, scale=None, see_through=False, width=width)
    else:
        seen = open_picture(content)
        seen.thumbnail((width, width * 3), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    seen.convert("RGB").save(out, "PNG", compress_level=4)
    return out.getvalue()
