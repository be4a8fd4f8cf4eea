"""Outlines of badges: polygons around the middle of a square of SIZE, made by arithmetic alone."""

import math
from collections.abc import Callable

SIZE = 512
Point = tuple[float, float]
Outline = tuple[Point, ...]
_MIDDLE = SIZE / 2


def ring(corners: int, *, radius: float, inner: float | None = None, turn: float = -math.pi / 2) -> Outline:
    """A regular polygon; with `inner` a star whose notches lie at that radius."""
    steps = corners * (1 if inner is None else 2)
    radii = (radius,) if inner is None else (radius, inner)
    return tuple(
        (
            _MIDDLE + radii[step % len(radii)] * math.cos(turn + step * math.tau / steps),
            _MIDDLE + radii[step % len(radii)] * math.sin(turn + step * math.tau / steps),
        )
        for step in range(steps)
    )


def _square(radius: float) -> Outline:
    """With round corners of a quarter of the half side."""
    half = radius * 0.9
    bend = half / 4
    points: list[Point] = []
    for number, (x, y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for step in range(13):
            angle = math.pi / 2 * (number + step / 12)
            points.append(
                (
                    _MIDDLE + x * (half - bend) + bend * math.cos(angle),
                    _MIDDLE + y * (half - bend) + bend * math.sin(angle),
                )
            )
    return tuple(points)


def _shield(radius: float) -> Outline:
    """Straight above, drawn in to a point below (a quarter of an ellipse on each side)."""
    half, top = radius * 0.84, _MIDDLE - radius * 0.92
    waist, point = _MIDDLE + radius * 0.1, _MIDDLE + radius
    angles = [math.pi / 2 * step / 24 for step in range(25)]
    right = [(_MIDDLE + half * math.cos(one), waist + (point - waist) * math.sin(one)) for one in angles]
    left = [(2 * _MIDDLE - x, y) for x, y in reversed(right[:-1])]
    return ((_MIDDLE + half, top), *right, *left, (_MIDDLE - half, top))


SHAPES: dict[str, Callable[[float], Outline]] = {
    "circle": lambda radius: ring(120, radius=radius),
    "shield": _shield,
    "hexagon": lambda radius: ring(6, radius=radius),
    "seal": lambda radius: ring(20, radius=radius, inner=radius * 0.93),
    "square": _square,
}
# How wide a line of text may be at the foot of each, for a radius of 1.
TEXT_WIDTH = {"circle": 1.35, "shield": 1.2, "hexagon": 1.35, "seal": 1.35, "square": 1.5}
