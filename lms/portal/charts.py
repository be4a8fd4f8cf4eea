"""Line charts as numbers for `components/line_chart.html`: all geometry happens here, in strings."""

from collections.abc import Sequence
from typing import Any

from django.utils import formats, timezone

from lms.reporting.services import Rate
from lms.reporting.usage import Usage

WIDTH, HEIGHT = 320, 110
_LEFT, _RIGHT, _TOP, _BOTTOM = 6, 300, 22, 90


def completion_chart(rates: Sequence[Rate]) -> dict[str, Any] | None:
    """The rates oldest first, from 0 to 100%. Months without a registration have no point; None below two points."""
    step = (_RIGHT - _LEFT) / max(len(rates) - 1, 1)
    points = [
        (_LEFT + step * index, _BOTTOM - (_BOTTOM - _TOP) * float(rate.share), rate)
        for index, rate in enumerate(rates)
        if rate.share is not None
    ]
    if len(points) < 2:
        return None
    end_x, end_y, newest = points[-1]
    label_y = end_y + 18 if points[-2][1] < end_y else end_y - 9
    return {
        "definition": "Share completed, in the twelve months before each date",
        "summary": f"Training completion went from {points[0][2].percent}% to {newest.percent}% within a year.",
        "width": WIDTH,
        "height": HEIGHT,
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points),
        "grid": [str(_TOP), str((_TOP + _BOTTOM) // 2), str(_BOTTOM)],
        "ticks": [
            {"x": str(_LEFT), "y": str(HEIGHT - 4), "label": _month(rates[0]), "anchor": "start"},
            {"x": str(_RIGHT), "y": str(HEIGHT - 4), "label": _month(rates[-1]), "anchor": "end"},
        ],
        "end_x": f"{end_x:.1f}",
        "end_y": f"{end_y:.1f}",
        "end_label": f"{newest.percent}%",
        "end_label_x": f"{end_x:.1f}",
        "end_label_y": f"{label_y:.1f}",
        "columns": ["Year before", "Completed"],
        "rows": [{"label": _day(rate), "value": _value(rate)} for rate in reversed(rates)],
    }


def _month(rate: Rate) -> str:
    return formats.date_format(timezone.localtime(rate.until), "M")


def _day(rate: Rate) -> str:
    return formats.date_format(timezone.localtime(rate.until), "j M Y")


def _value(rate: Rate) -> str:
    if rate.percent is None:
        return "Nobody was enrolled"
    return f"{rate.percent}% ({rate.numerator} of {rate.denominator})"


def people_chart(weeks: Sequence[Usage]) -> dict[str, Any] | None:
    """Active people per week, oldest first, from zero to the most. None where nobody did anything."""
    most = max((week.people for week in weeks), default=0)
    if not most or len(weeks) < 2:
        return None
    step = (_RIGHT - _LEFT) / (len(weeks) - 1)
    points = [
        (_LEFT + step * index, _BOTTOM - (_BOTTOM - _TOP) * week.people / most) for index, week in enumerate(weeks)
    ]
    end_x, end_y = points[-1]
    label_y = end_y + 18 if points[-2][1] < end_y and end_y < _BOTTOM - 10 else end_y - 9
    return {
        "definition": f"People who did something, per week; the most were {most}",
        "summary": f"Active people per week: {weeks[0].people} at first, {weeks[-1].people} in the running week.",
        "width": WIDTH,
        "height": HEIGHT,
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        "grid": [str(_TOP), str((_TOP + _BOTTOM) // 2), str(_BOTTOM)],
        "ticks": [
            {"x": str(_LEFT), "y": str(HEIGHT - 4), "label": _week(weeks[0]), "anchor": "start"},
            {"x": str(_RIGHT), "y": str(HEIGHT - 4), "label": _week(weeks[-1]), "anchor": "end"},
        ],
        "end_x": f"{end_x:.1f}",
        "end_y": f"{end_y:.1f}",
        "end_label": str(weeks[-1].people),
        "end_label_x": f"{end_x:.1f}",
        "end_label_y": f"{label_y:.1f}",
        "columns": ["Week of", "People"],
        "rows": [{"label": formats.date_format(week.start, "j M Y"), "value": week.people} for week in reversed(weeks)],
    }


def _week(week: Usage) -> str:
    return formats.date_format(week.start, "j M")
