"""Charts of the statistics pages: coordinates for the templates, and the rows of the table behind each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from lms.assessments.statistics.figures import ItemFigures
from lms.assessments.statistics.reliability import distribution
from lms.assessments.statistics.sums import ExamSums

WIDTH, HEIGHT, FOOT = 640, 180, 20


class HasFigures(Protocol):
    """One month of an item."""

    @property
    def month(self) -> date: ...
    @property
    def figures(self) -> ItemFigures: ...


@dataclass(frozen=True, kw_only=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """`mark` is where a vertical line stands (the cut); `points` a line. `rows` is the same as a table."""

    title: str
    summary: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[Bar, ...] = ()
    points: str = ""
    mark: float | None = None
    mark_label: str = ""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def base(self) -> int:
        return self.height - FOOT


def distribution_chart(sums: ExamSums, cut: float) -> Chart:
    """How many attempts lie in each five percent, and the cut."""
    steps = distribution(sums.by_percent)
    most = max((count for _, count in steps), default=0) or 1
    width = WIDTH / len(steps)
    bars = tuple(
        Bar(
            x=round(number * width + 1, 1),
            y=round((HEIGHT - FOOT) * (1 - count / most) + 1, 1) if count else HEIGHT - FOOT,
            width=round(width - 2, 1),
            height=round((HEIGHT - FOOT) * count / most - 1, 1) if count else 0,
            label=f"{start} to {start + 5}%" if start == 95 else f"{start} to {start + 4}%",
            value=str(count),
        )
        for number, (start, count) in enumerate(steps)
    )
    return Chart(
        title="Attempts by percent of the points",
        summary=f"{sums.n} attempts; the cut is at {cut:g}%. {sums.passed} passed.",
        columns=("Percent", "Attempts"),
        rows=tuple((bar.label, bar.value) for bar in bars),
        bars=bars,
        mark=round(WIDTH * cut / 100, 1),
        mark_label=f"Cut {cut:g}%",
    )


def history_chart(months: Sequence[HasFigures]) -> Chart | None:
    """Facility by month, where known; None for fewer than two months that say something."""
    known = [(one.month, one.figures) for one in months if one.figures.facility.value is not None]
    if len(known) < 2:
        return None
    step = (WIDTH - 20) / (len(known) - 1)
    values = [made.facility.value or 0.0 for _, made in known]
    points = " ".join(
        f"{10 + number * step:.1f},{(HEIGHT - FOOT) * (1 - value) + 5:.1f}" for number, value in enumerate(values)
    )
    return Chart(
        title="Facility by month",
        summary=f"From {values[0]:.0%} in {known[0][0]:%B %Y} to {values[-1]:.0%} in {known[-1][0]:%B %Y}.",
        columns=("Month", "Answers", "Facility", "Discrimination"),
        rows=tuple(
            (f"{month:%B %Y}", str(made.n), made.facility.words, made.discrimination.words) for month, made in known
        ),
        points=points,
    )
