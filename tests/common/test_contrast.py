"""The colours of tokens.css hold WCAG 2.2 AA in both themes: 4.5:1 for text, 3:1 for shapes that carry meaning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "lms" / "static" / "lms" / "css" / "tokens.css"
THEMES = ("light", "dark")
SURFACES = ("canvas", "surface", "sunken")
TONES = ("accent", "warn", "danger", "info")

TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "quiet", "accent", "accent-strong") for ground in SURFACES),
    *((tone, ground) for tone in ("warn", "danger") for ground in SURFACES),
    *((tone, f"{tone}-soft") for tone in TONES),
    *(("ink", f"{tone}-soft") for tone in (*TONES, "gold")),
    *(("quiet", f"{tone}-soft") for tone in ("accent", "info")),
    ("gold-ink", "gold-soft"),
    ("gold-ink", "surface"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-danger", "danger"),
    ("on-danger", "danger-strong"),
    ("accent-strong", "accent-soft"),
    ("canvas", "ink"),
]
SHAPE_PAIRS = [
    *(("line-strong", ground) for ground in SURFACES),
    *((tone, ground) for tone in ("accent", "gold", "warn", "danger", "info") for ground in ("canvas", "surface")),
    ("accent", "track"),
    ("accent", "accent-soft"),
    ("gold", "gold-soft"),
]


def read_tokens() -> dict[str, dict[str, str]]:
    """Token name -> {"light": "#rrggbb", "dark": "#rrggbb"} for every colour written as light-dark(#a, #b)."""
    pattern = r"--([a-z-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)"
    return {
        name: {"light": light, "dark": dark} for name, light, dark in re.findall(pattern, TOKENS.read_text("utf-8"))
    }


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2, definition of relative luminance)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_wcag_defines_it() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_every_colour_token_has_both_themes() -> None:
    text = TOKENS.read_text("utf-8")
    assert len(read_tokens()) == len(re.findall(r"--[a-z-]+:\s*light-dark\(#", text))
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", text)) == {c for pair in read_tokens().values() for c in pair.values()}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_pair_is_at_least_4_5_to_1(ink: str, ground: str, theme: str) -> None:
    tokens = read_tokens()
    assert contrast(tokens[ink][theme], tokens[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPE_PAIRS)
def test_shape_pair_is_at_least_3_to_1(shape: str, ground: str, theme: str) -> None:
    tokens = read_tokens()
    assert contrast(tokens[shape][theme], tokens[ground][theme]) >= 3


def test_every_colour_token_is_in_a_pair_or_is_decoration() -> None:
    paired = {name for pair in (*TEXT_PAIRS, *SHAPE_PAIRS) for name in pair}
    assert set(read_tokens()) - paired == {"line", "edge"}
