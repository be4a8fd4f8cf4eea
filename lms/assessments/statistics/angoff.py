"""A cut score set by judges: the modified Angoff method (Angoff 1971; Cizek and Bunch 2007, chapter 5)."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev

LEAST_JUDGES = 5


@dataclass(frozen=True, kw_only=True)
class Rating:
    """How many of a hundred just competent candidates a judge expects to get an item right."""

    judge: str
    item: str
    percent: float
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Cut:
    """`percent` of the points; `error` is its standard error over judges, `spread` their standard deviation; both None
    for a single judge. `by_judge` and `by_item` are what each comes to."""

    percent: float
    error: float | None
    spread: float | None
    by_judge: dict[str, float]
    by_item: dict[str, float]
    missing: tuple[tuple[str, str], ...]

    @property
    def is_enough(self) -> bool:
        """Whether as many judges rated as the literature asks for at the least."""
        return len(self.by_judge) >= LEAST_JUDGES


def cut(ratings: Iterable[Rating]) -> Cut:
    """The cut that the ratings of one round make: the mean over judges of the mean over items, by the items' points.

    Raises ValueError without ratings. `missing` names who did not rate what; such a judge counts by what he rated.
    """
    by_judge: dict[str, dict[str, Rating]] = defaultdict(dict)
    by_item: dict[str, list[float]] = defaultdict(list)
    for rating in ratings:
        by_judge[rating.judge][rating.item] = rating
        by_item[rating.item].append(rating.percent)
    if not by_judge:
        raise ValueError("There are no ratings.")
    means = {
        judge: sum(one.percent * one.weight for one in rated.values()) / sum(one.weight for one in rated.values())
        for judge, rated in sorted(by_judge.items())
    }
    spread = stdev(means.values()) if len(means) > 1 else None
    return Cut(
        percent=fmean(means.values()),
        error=None if spread is None else spread / math.sqrt(len(means)),
        spread=spread,
        by_judge=means,
        by_item={item: fmean(values) for item, values in sorted(by_item.items())},
        missing=tuple(
            (judge, item) for judge in sorted(by_judge) for item in sorted(by_item) if item not in by_judge[judge]
        ),
    )
