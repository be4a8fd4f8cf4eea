"""Colours as #rrggbb, and how well one is seen on another (WCAG 2.2, relative luminance and contrast ratio)."""

from collections.abc import Iterable

INK, WHITE = "#1b1f1d", "#ffffff"
READABLE = 4.5  # of words on their ground (success criterion 1.4.3)
VISIBLE = 3.0  # of a graphic on its ground (success criterion 1.4.11)

Rgb = tuple[int, int, int]


def rgb(colour: str) -> Rgb:
    """The three channels, 0 to 255, of "#rrggbb"."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def hexadecimal(channels: Iterable[int]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


_LINEAR = tuple(_linear(channel) for channel in range(256))


def luminance(colour: Rgb) -> float:
    """0 for black, 1 for white."""
    return 0.2126 * _LINEAR[colour[0]] + 0.7152 * _LINEAR[colour[1]] + 0.0722 * _LINEAR[colour[2]]


def ratio(one: float, other: float) -> float:
    """Of two luminances: 1 to 21."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def contrast(one: str, other: str) -> float:
    """Of two colours: 1 (the same) to 21 (black on white)."""
    return ratio(luminance(rgb(one)), luminance(rgb(other)))


def best_on(ground: str) -> str:
    """Ink or white, whichever is read better on `ground`: at least 4.1:1 on any, at least 4.5:1 on nearly all."""
    return max((INK, WHITE), key=lambda colour: contrast(colour, ground))


def readable_on(ground: str, wanted: str) -> str:
    """`wanted` where it can be read on `ground`, else ink or white."""
    return wanted if contrast(wanted, ground) >= READABLE else best_on(ground)
