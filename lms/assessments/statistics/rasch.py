"""Rasch difficulties by marginal maximum likelihood: candidates of different forms on one scale.

Bock and Aitkin (1981), Thissen (1982): abilities follow a normal distribution with mean nought whose variance is
estimated with the difficulties. Under this model what a candidate knows is in his number of right answers and in which
items he got, so candidates with the same items and score are one group.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

NODES = tuple(-6 + 12 * number / 40 for number in range(41))  # deviations from the mean at which is integrated
_MASSES = [math.exp(-(z**2) / 2) for z in NODES]
WEIGHTS = tuple(mass / sum(_MASSES) for mass in _MASSES)
LIMIT = 2000
LEAST_SPREAD = 0.05  # below it the candidates are alike, and every difficulty is the logit of a share

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, kw_only=True)
class Difficulty:
    """`value` in logits: the ability at which half get it right; `error` its standard error, from `n` answers."""

    value: float
    error: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """`spread` is the standard deviation of the abilities, `log_likelihood` what the fit reached."""

    difficulties: Mapping[Hashable, Difficulty]
    spread: float
    log_likelihood: float
    steps: int


@dataclass(frozen=True, kw_only=True)
class _Data:
    groups: Mapping[tuple[Hashable, ...], Counter[int]]
    right: Counter[Hashable]
    seen: Counter[Hashable]


def calibrate(answers: Iterable[Mapping[Name, bool]], *, tolerance: float = 1e-7) -> Calibration:
    """Difficulties of all items from what each candidate got right. Items that all or none got right have none.

    EM, with the variance's step stretched (Varadhan and Roland 2008, scheme S3, on all parameters). Raises ValueError
    when no item is left or nothing converges within 2,000 steps.
    """
    data = _gathered(list(answers))
    if not data.right:
        raise ValueError("No item was answered rightly by some and wrongly by others.")
    point = [_first(data.right[item] / data.seen[item]) for item in data.right] + [0.0]
    items = list(data.right)
    for step in range(1, LIMIT):
        once = _step(data, items, point)
        twice = _step(data, items, once)
        moved = max(abs(a - b) for a, b in zip(twice, once, strict=True))
        if moved < tolerance:
            return _result(data, items, twice, step)
        point = _stretched(point, once, twice)
    raise ValueError("The difficulties do not settle: the answers do not follow one scale.")


def _first(share: float) -> float:
    return -math.log(share / (1 - share))


def _gathered(answers: list[Mapping[Name, bool]]) -> _Data:
    right: Counter[Hashable] = Counter()
    seen: Counter[Hashable] = Counter()
    for answer in answers:
        for item, is_right in answer.items():
            seen[item] += 1
            right[item] += is_right
    usable = {item for item, count in seen.items() if 0 < right[item] < count}
    groups: dict[tuple[Hashable, ...], Counter[int]] = defaultdict(Counter)
    for answer in answers:
        kept = tuple(sorted((item for item in answer if item in usable), key=repr))
        if kept:
            groups[kept][sum(answer[item] for item in kept)] += 1
    return _Data(groups=groups, right=Counter({item: right[item] for item in seen if item in usable}), seen=seen)


def _expected(
    data: _Data, items: list[Hashable], point: list[float]
) -> tuple[dict[Hashable, list[float]], float, float]:
    """How many candidates of each item stand at each node, the abilities' mean square, and the log-likelihood."""
    abilities = [math.exp(point[-1]) * z for z in NODES]
    difficulty = dict(zip(items, point, strict=False))
    logs = {item: [math.log1p(math.exp(ability - b)) for ability in abilities] for item, b in difficulty.items()}
    at: dict[Hashable, list[float]] = {item: [0.0] * len(NODES) for item in items}
    square, total, likelihood = 0.0, 0, -sum(b * data.right[item] for item, b in difficulty.items())
    for group, scores in data.groups.items():
        base = [math.log(w) - sum(column) for w, *column in zip(WEIGHTS, *(logs[i] for i in group), strict=True)]
        stand = [0.0] * len(NODES)
        for score, count in scores.items():
            exponents = [value + ability * score for value, ability in zip(base, abilities, strict=True)]
            top = max(exponents)
            weights = [math.exp(value - top) for value in exponents]
            whole = sum(weights)
            likelihood += count * (top + math.log(whole))
            stand = [here + count * weight / whole for here, weight in zip(stand, weights, strict=True)]
            total += count
        square += sum(here * ability**2 for here, ability in zip(stand, abilities, strict=True))
        for item in group:
            at[item] = [one + other for one, other in zip(at[item], stand, strict=True)]
    return at, square / total, likelihood


def _step(data: _Data, items: list[Hashable], point: list[float]) -> list[float]:
    """One round of EM: each difficulty by Newton's method, then the spread."""
    at, square, _ = _expected(data, items, point)
    abilities = [math.exp(point[-1]) * z for z in NODES]
    moved = []
    for item, value in zip(items, point, strict=False):
        b = value
        for _ in range(20):
            excess, information = _slopes(at[item], abilities, b)
            change = max(-1.0, min(1.0, (excess - data.right[item]) / information))
            b += change
            if abs(change) < 1e-10:
                break
        moved.append(b)
    return [*moved, math.log(max(LEAST_SPREAD, math.sqrt(square)))]


def _slopes(at: list[float], abilities: list[float], b: float) -> tuple[float, float]:
    """How many right answers are expected, and the information on the difficulty."""
    excess = information = 0.0
    for count, ability in zip(at, abilities, strict=True):
        chance = 1 / (1 + math.exp(b - ability))
        excess += count * chance
        information += count * chance * (1 - chance)
    return excess, information


def _stretched(point: list[float], once: list[float], twice: list[float]) -> list[float]:
    """Further in the direction that two rounds took; no further than a hundred times."""
    first = [b - a for a, b in zip(point, once, strict=True)]
    bend = [(c - b) - f for b, c, f in zip(once, twice, first, strict=True)]
    size = math.sqrt(sum(value**2 for value in bend))
    if not size:
        return twice
    length = min(100.0, max(1.0, math.sqrt(sum(value**2 for value in first)) / size))
    return [a + 2 * length * f + length**2 * b for a, f, b in zip(point, first, bend, strict=True)]


def _result(data: _Data, items: list[Hashable], point: list[float], steps: int) -> Calibration:
    at, _, likelihood = _expected(data, items, point)
    spread = math.exp(point[-1])
    abilities = [spread * z for z in NODES]
    return Calibration(
        difficulties={
            item: Difficulty(value=b, error=1 / math.sqrt(_slopes(at[item], abilities, b)[1]), n=data.seen[item])
            for item, b in zip(items, point, strict=False)
        },
        spread=spread,
        log_likelihood=likelihood,
        steps=steps,
    )
