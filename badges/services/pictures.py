"""Pictures of badges: drawn from a design or from an upload, stored once per content."""

import base64
import io
from hashlib import sha256
from typing import Any

from PIL import Image, UnidentifiedImageError

from badges.errors import PictureUnreadable
from badges.images.design import Design, default_design
from badges.images.drawing import as_png, as_svg
from badges.images.shapes import SIZE
from badges.models import Achievement, Award, BadgeImage

MAX_UPLOAD_BYTES = 5_000_000
_MAX_PIXELS = 25_000_000
_FORMATS = ("PNG", "JPEG", "WEBP")


def drawn(design: Design) -> BadgeImage:
    """The picture of a design; the same design is drawn once."""
    return _kept(as_png(design), design=design.as_json(), svg=as_svg(design))


def uploaded(data: bytes) -> BadgeImage:
    """An upload (PNG, JPEG or WebP) drawn anew as a square PNG: no metadata, no chunk and no script survives.

    Raises PictureUnreadable for anything else, also for SVG, more than 5 MB, and more than 25 million pixels.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise PictureUnreadable("The picture has more than 5 MB.")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise PictureUnreadable("The picture has more than 25 million pixels.")
            square = _square(picture.convert("RGBA"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureUnreadable("This is not a picture in PNG, JPEG or WebP.") from error
    out = io.BytesIO()
    square.save(out, "PNG")
    return _kept(out.getvalue(), design=None, svg="")


def _square(picture: Image.Image) -> Image.Image:
    """Whole, in the middle of a transparent square of SIZE."""
    picture.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    square.paste(picture, ((SIZE - picture.width) // 2, (SIZE - picture.height) // 2))
    return square


def _kept(png: bytes, *, design: dict[str, Any] | None, svg: str) -> BadgeImage:
    image, _ = BadgeImage.objects.get_or_create(
        digest=sha256(png).hexdigest(), defaults={"png": png, "design": design, "svg": svg}
    )
    return image


def picture_of(award: Award) -> BadgeImage:
    """The picture that the signed badge names; for one from before there were pictures, its achievement's, drawn by
    default when there is none.
    """
    image = BadgeImage.objects.filter(digest=award.image_digest).first()
    if image is None:
        image = drawn(default_design(award.achievement.name))
        Achievement.objects.filter(pk=award.achievement_id, image=None).update(image=image)
    return image


def svg_of(image: BadgeImage) -> str:
    """The drawing; for an upload an SVG that holds its PNG."""
    if image.svg:
        return image.svg
    data = base64.b64encode(bytes(image.png)).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" width="{SIZE}" height="{SIZE}">'
        f'<image width="{SIZE}" height="{SIZE}" href="data:image/png;base64,{data}"/></svg>'
    )
