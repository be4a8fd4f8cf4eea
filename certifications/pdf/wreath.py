"""The laurel, drawn: two branches that rise from a knot and nearly meet."""

from math import cos, pi, sin

from reportlab.pdfgen.canvas import Canvas

_LEAVES = 9
_FOOT, _TIP = -0.5 * pi, 0.40 * pi  # along the circle, from near the bottom to near the top
_TILT = 0.21 * pi  # of a leaf against its branch


def draw_wreath(canvas: Canvas, *, x: float, y: float, radius: float) -> None:
    """Fills the wreath around (x, y) in the canvas's fill colour; the stem has the same colour."""
    for side in (1, -1):
        _draw_stem(canvas, x, y, radius, side)
        for number in range(_LEAVES):
            share = (number + 0.5) / _LEAVES
            angle = _FOOT + (_TIP - _FOOT) * share
            length = radius * (0.36 - 0.10 * abs(share - 0.45) - 0.07 * share)
            for tilt in (_TILT, -_TILT):
                _draw_leaf(canvas, x, y, radius, angle, tilt, length, side)
        _draw_leaf(canvas, x, y, radius, _TIP, 0, radius * 0.25, side)


def _draw_stem(canvas: Canvas, x: float, y: float, radius: float, side: int) -> None:
    path = canvas.beginPath()
    steps = 24
    for step in range(steps + 1):
        angle = -0.54 * pi + (_TIP + 0.54 * pi) * step / steps
        point = (x + side * radius * cos(angle), y + radius * sin(angle))
        path.moveTo(*point) if step == 0 else path.lineTo(*point)
    canvas.setLineWidth(radius * 0.022)
    canvas.setLineCap(1)
    canvas.drawPath(path, stroke=1, fill=0)


def _draw_leaf(
    canvas: Canvas, x: float, y: float, radius: float, angle: float, tilt: float, length: float, side: int
) -> None:
    """A leaf from the branch at `angle`, pointing on along it and turned out (or in) by `tilt`."""
    base_x, base_y = radius * cos(angle), radius * sin(angle)
    heading = angle + pi / 2 - tilt
    ahead_x, ahead_y = cos(heading), sin(heading)
    across_x, across_y = -ahead_y, ahead_x

    def at(along: float, aside: float) -> tuple[float, float]:
        dx = base_x + length * (along * ahead_x + aside * across_x)
        dy = base_y + length * (along * ahead_y + aside * across_y)
        return x + side * dx, y + dy

    path = canvas.beginPath()
    path.moveTo(*at(0.06, 0))
    path.curveTo(*at(0.28, 0.25), *at(0.72, 0.22), *at(1, 0))
    path.curveTo(*at(0.72, -0.22), *at(0.28, -0.25), *at(0.06, 0))
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
