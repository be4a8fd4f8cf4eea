"""Logos: what is taken, what survives, and how well they are seen."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lms.assets.branding import logos
from lms.assets.branding.errors import LogoUnreadable
from tests.assets.branding_material import logo_png, saved


def _open(png: bytes) -> Image.Image:
    return logos.open_logo(logos.clean_logo(png))


def test_logo_is_drawn_anew_without_edges_and_without_what_else_was_in_the_file():
    told = PngInfo()
    told.add_text("Comment", "<script>alert(1)</script>")
    picture = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    picture.paste((29, 79, 145, 255), (100, 50, 300, 250))

    kept = logos.clean_logo(saved(picture, pnginfo=told) + b"<?php echo 1 ?>")

    with Image.open(io.BytesIO(kept)) as again:
        assert (again.format, again.size, again.info) == ("PNG", (200, 200), {})
    assert b"script" not in kept
    assert b"php" not in kept


def test_large_logo_is_made_smaller_in_proportion():
    assert _open(saved(Image.new("RGB", (3000, 1500), "red"), "JPEG")).size == (2000, 1000)


def test_logo_that_cannot_be_packed_small_is_kept_with_fewer_pixels():
    noise = Image.effect_noise((2000, 1000), 90)

    kept = logos.clean_logo(saved(Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)]), "JPEG"))

    assert len(kept) <= logos.MAX_KEPT_BYTES
    with Image.open(io.BytesIO(kept)) as again:
        assert again.size in {(1000, 500), (700, 350)}


@pytest.mark.parametrize(
    "data, words",
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "Export an SVG as PNG first."),
        (b"\x89PNG\r\n\x1a\n but broken", "This is not a picture in PNG or JPEG."),
        (saved(Image.new("RGB", (4, 4)), "GIF"), "This is not a picture in PNG or JPEG."),
        (saved(Image.new("RGB", (6000, 6000)), "PNG"), "more than 25 million pixels"),
        (saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0))), "The logo is empty"),
        (b"x" * (logos.MAX_UPLOAD_BYTES + 1), "The logo has more than 5 MB."),
        (logo_png()[:-200], "This is not a picture in PNG or JPEG."),
    ],
)
def test_what_is_no_logo_is_refused_in_words(data, words):
    with pytest.raises(LogoUnreadable) as refused:
        logos.clean_logo(data)

    assert words in refused.value.message


def test_dark_logo_is_seen_on_white_and_a_white_one_is_not():
    dark, white = _open(logo_png("#1d4f91")), _open(logo_png("#fefefe"))

    assert logos.seen_on(dark, "#ffffff").is_enough
    assert logos.seen_on(dark, "#ffffff").contrast == pytest.approx(8.16, abs=0.1)
    assert logos.seen_on(white, "#ffffff") == logos.Seen(1.01, 0.0)
    assert logos.seen_on(white, "#1d4f91").is_enough
    assert (logos.plate_for(dark), logos.plate_for(white)) == ("#ffffff", "#1b1f1d")


def test_logo_with_its_own_ground_is_measured_against_that():
    boxed = _open(logo_png("#1d4f91", ground="#ffffff"))

    assert logos.own_ground(boxed) == "#ffffff"
    assert logos.seen_on(boxed, "#1d4f91").is_enough
    assert logos.seen_on(_open(saved(Image.new("RGB", (50, 50), "#eeeeee"))), "#ffffff") == logos.Seen(1.0, 0.0)


def test_logo_half_of_which_vanishes_is_not_seen():
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    picture.paste((29, 79, 145, 255), (0, 0, 90, 100))
    picture.paste((255, 255, 255, 255), (100, 0, 200, 100))

    seen = logos.seen_on(_open(saved(picture)), "#ffffff")

    assert seen.share == pytest.approx(0.474, abs=0.02)
    assert not seen.is_enough
