"""Figures of one item version from its sums: classical item analysis."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lms.assessments.statistics import estimates
from lms.assessments.statistics.estimates import Estimate, estimate
from lms.assessments.statistics.sums import LOG, OMITTED, SHARE, ItemSums

TAIL = 0.27  # Kelley (1939): the tails that tell good from weak candidates best


@dataclass(frozen=True, kw_only=True)
class OptionFigures:
    """One row of the distractor table: how many chose it, of all and of the upper and lower 27 percent (shares), and
    their mean percent in the exam."""

    option: str
    count: float
    share: float
    upper: float | None
    lower: float | None
    mean_percent: float

    @property
    def difference(self) -> float | None:
        return None if self.upper is None or self.lower is None else self.upper - self.lower


@dataclass(frozen=True, kw_only=True)
class ItemFigures:
    """What the sums of an item version say. Times are in seconds: the geometric mean."""

    n: int
    facility: Estimate
    deviation: Estimate
    discrimination: Estimate
    upper_lower: Estimate
    omitted: Estimate
    seconds: Estimate
    options: tuple[OptionFigures, ...]


def figures(sums: ItemSums) -> ItemFigures:
    """Every figure of one item version; each says nothing below its number of answers."""
    n = sums.n
    return ItemFigures(
        n=n,
        facility=estimate(sums.x / n / SHARE if n else None, n=n, needs=estimates.FACILITY),
        deviation=estimate(_root(variance(sums)), n=n, needs=estimates.FACILITY),
        discrimination=estimate(correlation(sums), n=n, needs=estimates.DISCRIMINATION),
        upper_lower=estimate(upper_lower(sums), n=n, needs=estimates.GROUPS, why="groups cannot be told apart"),
        omitted=estimate(sums.omitted / n if n else None, n=n, needs=estimates.FACILITY),
        seconds=estimate(
            math.exp(sums.log / sums.timed / LOG) if sums.timed else None, n=sums.timed, needs=estimates.FACILITY
        ),
        options=options(sums),
    )


def _root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)


def variance(sums: ItemSums) -> float | None:
    """Of the share of points, with n - 1; None for fewer than two answers. Exact until the last division."""
    return (sums.n * sums.xx - sums.x**2) / (sums.n * (sums.n - 1)) / SHARE**2 if sums.n > 1 else None


def covariance_with_rest(sums: ItemSums) -> float | None:
    """Of the item's share of points with the share in all others, with n - 1."""
    return (sums.n * sums.xr - sums.x * sums.r) / (sums.n * (sums.n - 1)) / SHARE**2 if sums.n > 1 else None


def correlation(sums: ItemSums) -> float | None:
    """Of the item with all others: point-biserial without the item itself (Henrysson 1963). None without variance."""
    x = sums.n * sums.xx - sums.x**2
    r = sums.n * sums.rr - sums.r**2
    if x <= 0 or r <= 0:
        return None
    return float((sums.n * sums.xr - sums.x * sums.r) / (math.sqrt(x) * math.sqrt(r)))


def tails(counts: Mapping[int, int]) -> tuple[dict[int, float], dict[int, float]]:
    """Which part of each percent belongs to the upper and which to the lower 27 percent of the candidates.

    Those who share the score at the edge are taken by part, so the groups are of equal size and the order of rows means
    nothing.
    """
    wanted = TAIL * sum(counts.values())
    return _tail(counts, sorted(counts, reverse=True), wanted), _tail(counts, sorted(counts), wanted)


def _tail(counts: Mapping[int, int], order: list[int], wanted: float) -> dict[int, float]:
    parts: dict[int, float] = {}
    for percent in order:
        if wanted <= 0:
            break
        parts[percent] = min(1.0, wanted / counts[percent])
        wanted -= counts[percent]
    return parts


def upper_lower(sums: ItemSums) -> float | None:
    """Facility among the upper 27 percent less that among the lower (Johnson 1951). None when all score alike."""
    counts = {percent: count for percent, (count, _) in sums.by_percent.items()}
    if len(counts) < 2:
        return None
    size = TAIL * sums.n
    means = [
        sum(part * sums.by_percent[percent][1] for percent, part in parts.items()) / size / SHARE
        for parts in tails(counts)
    ]
    return means[0] - means[1]


def options(sums: ItemSums) -> tuple[OptionFigures, ...]:
    """The distractor table, the omitted last."""
    counts = {percent: count for percent, (count, _) in sums.by_percent.items()}
    upper, lower = tails(counts) if sums.n >= estimates.GROUPS and len(counts) > 1 else ({}, {})
    size = TAIL * sums.n
    rows = []
    for option, chosen in sums.options.items():
        count = sum(chosen.values())
        in_groups = [
            sum(part * chosen.get(percent, 0) for percent, part in parts.items()) / size if parts else None
            for parts in (upper, lower)
        ]
        rows.append(
            OptionFigures(
                option=option,
                count=count,
                share=count / sums.n,
                upper=in_groups[0],
                lower=in_groups[1],
                mean_percent=sum(percent * number for percent, number in chosen.items()) / count,
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.option == OMITTED, row.option)))
