"""Figures of an exam: how far its scores, and its pass or fail, would come out the same with equal questions."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lms.assessments.statistics import estimates
from lms.assessments.statistics.estimates import Estimate, estimate
from lms.assessments.statistics.figures import variance
from lms.assessments.statistics.sums import SHARE, ExamSums, ItemSums

MAX_LENGTH = 400  # an effective length beyond it decides as this one does


@dataclass(frozen=True, kw_only=True)
class ExamFigures:
    """Mean, deviation and error in percent of the points; alpha is KR-20 when items are right or wrong."""

    n: int
    passed: Estimate
    mean: Estimate
    deviation: Estimate
    alpha: Estimate
    error: Estimate
    consistency: Estimate
    kappa: Estimate
    at_cut: Estimate


def exam_figures(sums: ExamSums, items: Iterable[ItemSums], cut: float) -> ExamFigures:
    """Every figure of one form; `items` are its scored item versions, `cut` the share of the points that passes."""
    n, spread = sums.n, total_variance(sums)
    reliability = alpha(sums, items)
    decision = consistency(sums, reliability, cut)
    why = "the exam does not measure one thing" if reliability is not None else "nothing varies"
    error = None
    if spread is not None and reliability is not None:
        error = 100 * math.sqrt(spread * max(0.0, 1 - reliability))

    def of_decisions(value: float | None) -> Estimate:
        return estimate(value, n=n, needs=estimates.CONSISTENCY, why=why)

    return ExamFigures(
        n=n,
        passed=estimate(sums.passed / n if n else None, n=n, needs=estimates.FACILITY),
        mean=estimate(100 * sums.t / n / SHARE if n else None, n=n, needs=estimates.FACILITY),
        deviation=estimate(100 * math.sqrt(spread) if spread is not None else None, n=n, needs=estimates.FACILITY),
        alpha=estimate(reliability, n=n, needs=estimates.RELIABILITY),
        error=estimate(error, n=n, needs=estimates.RELIABILITY),
        consistency=of_decisions(decision.agreement if decision else None),
        kappa=of_decisions(decision.kappa if decision else None),
        at_cut=of_decisions(decision.at_cut if decision else None),
    )


def total_variance(sums: ExamSums) -> float | None:
    """Of the share of the points, with n - 1."""
    return (sums.n * sums.tt - sums.t**2) / (sums.n * (sums.n - 1)) / SHARE**2 if sums.n > 1 else None


def alpha(sums: ExamSums, items: Iterable[ItemSums]) -> float | None:
    """Cronbach's alpha (1951), which is Kuder and Richardson's formula 20 when items are right or wrong.

    Exact when all candidates got the same items. Where items are drawn, each item's variance counts by the share of the
    attempts that got it: the mean over the forms that a draw makes. None without variance, or for a single item.
    """
    spread = total_variance(sums)
    length = sums.items / sums.n if sums.n else 0
    if not spread or length <= 1:
        return None
    within = 0.0
    for item in items:
        if (own := variance(item)) is not None:
            within += own * (item.w / item.n / SHARE) ** 2 * item.n / sums.n
    return length / (length - 1) * (1 - within / spread)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How often two equal exams would decide the same: `agreement` of all candidates, `kappa` above chance, `at_cut`
    of those whose true score is the cut itself: there it is hardest."""

    agreement: float
    kappa: float
    at_cut: float
    length: int


def effective_length(mean: float, spread: float, reliability: float) -> float:
    """Of how many right-or-wrong items of equal difficulty an exam of this reliability would be made (Livingston and
    Lewis 1995, formula 1). Mean and variance of shares of the points."""
    return (mean * (1 - mean) - reliability * spread) / (spread * (1 - reliability))


def consistency(sums: ExamSums, reliability: float | None, cut: float) -> Decision | None:
    """Livingston and Lewis (1995) with a beta distribution of two parameters for the true scores, which makes it the
    closed form of Huynh (1976) over their effective length. None unless 0 < reliability < 1."""
    spread = total_variance(sums)
    if not spread or reliability is None or not 0 < reliability < 1:
        return None
    mean = sums.t / sums.n / SHARE
    length = min(MAX_LENGTH, max(1, round(effective_length(mean, spread, reliability))))
    true_spread = reliability * spread
    concentration = mean * (1 - mean) / true_spread - 1
    if concentration <= 0:
        return None
    return decide(length, mean * concentration, (1 - mean) * concentration, cut)


def decide(length: int, a: float, b: float, cut: float) -> Decision:
    """Agreement of two exams of `length` items over true scores that follow Beta(a, b) (Huynh 1976, formula 9)."""
    least = min(length, max(0, math.ceil(cut * length - 1e-9)))
    ways = [_ways(length, x) for x in range(length + 1)]
    whole = _beta(a, b)
    fails = math.fsum(math.exp(ways[x] + _beta(a + x, b + length - x) - whole) for x in range(least))
    by_sum = [_beta(a + total, b + 2 * length - total) - whole for total in range(2 * length + 1)]
    both = math.fsum(math.exp(ways[x] + ways[y] + by_sum[x + y]) for x in range(least) for y in range(least))
    agreement = 1 - 2 * fails + 2 * both
    chance = fails**2 + (1 - fails) ** 2
    passes = at_least(least, [cut] * length)
    return Decision(
        agreement=agreement,
        kappa=(agreement - chance) / (1 - chance) if chance < 1 else 1.0,
        at_cut=passes**2 + (1 - passes) ** 2,
        length=length,
    )


def _ways(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def matches(chances: Iterable[float]) -> list[float]:
    """How likely 0, 1, 2, ... of independent events are, each with a chance of its own (Lord and Wingersky 1984)."""
    found = [1.0]
    for chance in chances:
        found = [
            (found[k] * (1 - chance) if k < len(found) else 0.0) + (found[k - 1] * chance if k else 0.0)
            for k in range(len(found) + 1)
        ]
    return found


def at_least(count: int, chances: Iterable[float]) -> float:
    """How likely `count` or more of independent events are."""
    return min(1.0, math.fsum(matches(chances)[count:]))


def distribution(by_percent: Mapping[int, int], width: int = 5) -> list[tuple[int, int]]:
    """How many attempts lie in each step of `width` percent, from nought; 100 counts to the last step."""
    steps = [0] * (100 // width)
    for percent, count in by_percent.items():
        steps[min(percent // width, len(steps) - 1)] += count
    return [(number * width, count) for number, count in enumerate(steps)]
