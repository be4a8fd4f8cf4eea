"""Copies of pictures, and previews of pages. The overlay is the same as of a PDF, turned into dots by PDFium."""

import io
from collections.abc import Mapping
from threading import Lock

import pypdfium2
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from lms.assets.branding.brand import Brand
from lms.assets.branding.composing import Composition, Stamp, compose
from lms.assets.branding.copies import About, Copy
from lms.assets.branding.errors import MasterUnusable
from lms.assets.branding.painting import paint
from lms.assets.branding.template import Size, Template

MAX_PIXELS = 60_000_000
MAX_BYTES = 50_000_000
PREVIEW_WIDTH = 1000  # pixels
_MM_PER_INCH = 25.4
_lock = Lock()  # PDFium is not made for threads


def open_picture(data: bytes) -> Image.Image:
    """A master that is a PNG or JPEG, upright. Its `format` tells which. Raises MasterUnusable."""
    if len(data) > MAX_BYTES:
        raise MasterUnusable(f"The picture has more than {MAX_BYTES // 1_000_000} MB.")
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise MasterUnusable(f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels.")
            kind = picture.format
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MasterUnusable("This is not a picture in PNG or JPEG.") from error
    upright.format = kind
    return upright


def size_of(picture: Image.Image, dpi: int) -> Size:
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
) -> Copy:
    """The picture with the partner's zones on it, in its own format and pixels, with the template's dots per inch.

    Raises MasterUnusable and BrandRefused.
    """
    picture = open_picture(master)
    pages = [size_of(picture, template.dpi)]
    composition = compose(template, pages, brand, stamp, logo=logo, values=values)
    picture.alpha_composite(_overlay(composition, template.dpi, picture.size))
    return Copy(content=_saved(picture, template.dpi, about, stamp), notices=composition.notices)


def _overlay(composition: Composition, dpi: int, size: tuple[int, int]) -> Image.Image:
    """What is drawn, see-through elsewhere, in exactly `size` pixels."""
    pdf = paint(composition.sheets, margin=0, bleed=0, crop_marks=False)
    dots = _rendered(pdf, page=0, scale=dpi / 72, see_through=True)
    overlay = Image.new("RGBA", size, (0, 0, 0, 0))
    overlay.paste(dots.crop((0, 0, *size)))
    return overlay


def _saved(picture: Image.Image, dpi: int, about: About, stamp: Stamp) -> bytes:
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
        seen = _rendered(content, page=page - 1, scale=None, see_through=False, width=width)
    else:
        seen = open_picture(content)
        seen.thumbnail((width, width * 3), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    seen.convert("RGB").save(out, "PNG", compress_level=4)
    return out.getvalue()


def _rendered(
    pdf: bytes, *, page: int, scale: float | None, see_through: bool, width: int = PREVIEW_WIDTH
) -> Image.Image:
    """One page as dots; without `scale` it is as wide as wanted."""
    try:
        with _lock, pypdfium2.PdfDocument(pdf) as document:
            shown = document[page]
            wide = max(shown.get_width(), 1.0)
            factor = scale or min(width / wide, width * 3 / max(shown.get_height(), 1.0))
            background = (0, 0, 0, 0) if see_through else (255, 255, 255, 255)
            dots = shown.render(scale=factor, fill_color=background, rev_byteorder=True, maybe_alpha=see_through)
            picture: Image.Image = dots.to_pil().copy()
            dots.close()
            shown.close()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise MasterUnusable("This page cannot be shown.") from error
    return picture.convert("RGBA")
