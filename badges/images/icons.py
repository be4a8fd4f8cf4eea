"""Icons of badges: polygons in a square of 100, drawn by hand and by arithmetic."""

import math

Outline = tuple[tuple[float, float], ...]
Icon = tuple[Outline, ...]


def _turned(points: tuple[tuple[float, float], ...], angle: float, x: float, y: float) -> Outline:
    cos, sin = math.cos(angle), math.sin(angle)
    return tuple((x + px * cos - py * sin, y + px * sin + py * cos) for px, py in points)


def _leaf(length: float, width: float) -> Outline:
    """A pointed leaf along the x axis."""
    upper = [(length * step / 10, -width * math.sin(math.pi * step / 10)) for step in range(11)]
    return (*upper, *((x, -y) for x, y in reversed(upper[1:-1])))


def _laurel() -> Icon:
    """Two branches that meet below: leaves along a circle, mirrored."""
    leaves = []
    for step in range(6):
        around = math.radians(100 + step * 27)
        x, y = 50 + 38 * math.cos(around), 52 + 38 * math.sin(around)
        leaf = _turned(_leaf(19, 5.5), around + math.pi / 2 - 0.5, x, y)
        leaves += [leaf, tuple((100 - px, py) for px, py in leaf)]
    return (*leaves, _star(50, 50, 20))


def _star(x: float, y: float, radius: float) -> Outline:
    return tuple(
        (
            x + (radius if step % 2 == 0 else radius * 0.42) * math.cos(math.tau * step / 10 - math.pi / 2),
            y + (radius if step % 2 == 0 else radius * 0.42) * math.sin(math.tau * step / 10 - math.pi / 2),
        )
        for step in range(10)
    )


def _gear() -> Icon:
    """Eight teeth; the hole is cut by going back along an inner circle."""
    outer = []
    for tooth in range(8):
        for offset, radius in ((-0.30, 34), (-0.20, 46), (0.20, 46), (0.30, 34)):
            angle = math.tau * (tooth + offset) / 8
            outer.append((50 + radius * math.cos(angle), 50 + radius * math.sin(angle)))
    inner = [
        (50 + 15 * math.cos(-math.tau * step / 40), 50 + 15 * math.sin(-math.tau * step / 40)) for step in range(41)
    ]
    first = outer[0]
    return ((*outer, first, (65.0, 50.0), *inner, (65.0, 50.0), first),)


ICONS: dict[str, Icon] = {
    "laurel": _laurel(),
    "star": (_star(50, 53, 48),),
    "check": (((8, 54), (20, 42), (40, 61), (80, 18), (92, 30), (41, 86)),),
    "bolt": (((58, 2), (18, 56), (46, 56), (38, 98), (82, 40), (54, 40)),),
    "book": (
        ((4, 20), (26, 15), (47, 22), (47, 86), (26, 79), (4, 84)),
        ((53, 22), (74, 15), (96, 20), (96, 84), (74, 79), (53, 86)),
    ),
    "cap": (
        ((50, 16), (98, 38), (50, 60), (2, 38)),
        ((22, 53), (50, 66), (78, 53), (78, 72), (50, 86), (22, 72)),
        ((91, 41), (95, 39), (95, 72), (91, 72)),
    ),
    "peak": (((2, 88), (38, 22), (58, 58), (66, 46), (98, 88)), ((60, 20), (66, 14), (72, 20), (66, 26))),
    "bars": (
        ((10, 60), (28, 60), (28, 92), (10, 92)),
        ((41, 38), (59, 38), (59, 92), (41, 92)),
        ((72, 10), (90, 10), (90, 92), (72, 92)),
    ),
    "gear": _gear(),
    "shield": (((50, 4), (88, 18), (86, 52), (74, 78), (50, 97), (26, 78), (14, 52), (12, 18)),),
}
