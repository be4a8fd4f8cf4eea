"""The laurel, drawn: two branches that rise from a knot and nearly meet."""

from functools import cache
from math import cos, pi, sin

_LEAVES = 9
_FOOT, _TIP = -0.5 * pi, 0.40 * pi  # along the circle, from near the bottom to near the top
_TILT = 0.21 * pi  # of a leaf against its branch


@cache
def wreath_code() -> str:
    """The wreath around (0, 0) with radius 1, as PDF operators that fill it and stroke its stems."""
    code = ["0.022 w 1 J"]
    for side in (1, -1):
        code.append(_stem(side))
        for number in range(_LEAVES):
            share = (number + 0.5) / _LEAVES
            angle = _FOOT + (_TIP - _FOOT) * share
            length = 0.36 - 0.10 * abs(share - 0.45) - 0.07 * share
            code += [_leaf(angle, tilt, length, side) for tilt in (_TILT, -_TILT)]
        code.append(_leaf(_TIP, 0, 0.25, side))
    return "\n".join(code)


def _stem(side: int) -> str:
    steps = 24
    angles = [-0.54 * pi + (_TIP + 0.54 * pi) * step / steps for step in range(steps + 1)]
    points = [f"{side * cos(angle):.4f} {sin(angle):.4f}" for angle in angles]
    return f"{points[0]} m " + " ".join(f"{point} l" for point in points[1:]) + " S"


def _leaf(angle: float, tilt: float, length: float, side: int) -> str:
    """A leaf from the branch at `angle`, pointing on along it and turned out (or in) by `tilt`."""
    heading = angle + pi / 2 - tilt
    ahead_x, ahead_y = cos(heading), sin(heading)

    def at(along: float, aside: float) -> str:
        dx = cos(angle) + length * (along * ahead_x - aside * ahead_y)
        dy = sin(angle) + length * (along * ahead_y + aside * ahead_x)
        return f"{side * dx:.4f} {dy:.4f}"

    return (
        f"{at(0.06, 0)} m {at(0.28, 0.25)} {at(0.72, 0.22)} {at(1, 0)} c "
        f"{at(0.72, -0.22)} {at(0.28, -0.25)} {at(0.06, 0)} c h f"
    )
