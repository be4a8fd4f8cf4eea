"""Answers of two candidates that agree more often than their knowledge explains: a reason to look, never a verdict.

The generalised binomial test of van der Linden and Sotaridona (2006). The chance of each option is that among
candidates of a like score, as in Frary, Tideman and Watts (1977), so no model of the items has to be fitted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from lms.assessments.statistics.estimates import SIMILARITY
from lms.assessments.statistics.reliability import at_least
from lms.assessments.statistics.sums import OMITTED, ItemSums

LEAST_ITEMS = 10
NEAR = 20.0  # candidates within about so many percent speak for each other


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One candidate's answers: the option chosen, by item version; his percent in the exam."""

    name: str
    percent: int
    answers: Mapping[int, str]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """`matched` of `common` items were answered alike (`wrong` of them wrongly), `expected` by chance and knowledge;
    `chance` of so many or more. `bound` is that chance times the number of pairs looked at (Bonferroni)."""

    one: str
    other: str
    common: int
    matched: int
    wrong: int
    expected: float
    chance: float
    bound: float


def option_chances(sums: ItemSums, percent: int) -> dict[str, float]:
    """How candidates of about this percent answer an item: near ones count more (a triangular kernel), and every option
    seen has at least the chance of half an answer more."""
    raw = {
        option: sum(count * max(0.0, 1 - abs(at - percent) / NEAR) for at, count in counts.items()) + 0.5
        for option, counts in sums.options.items()
        if option != OMITTED
    }
    whole = sum(raw.values())
    return {option: value / whole for option, value in raw.items()}


def match_chance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """That two who answer independently choose the same."""
    return math.fsum(chance * other.get(option, 0.0) for option, chance in one.items())


def similar_pairs(
    sheets: Sequence[Sheet], items: Mapping[int, ItemSums], keys: Mapping[int, str], *, level: float = 0.01
) -> list[Pair]:
    """The pairs whose agreement is rarer than `level` over all pairs together, the rarest first.

    Items with fewer than 50 answers, unanswered ones, and pairs with fewer than ten items in common say nothing.
    """
    usable = {item: sums for item, sums in items.items() if sums.n >= SIMILARITY}
    chances = [
        {item: option_chances(usable[item], sheet.percent) for item in sheet.answers if item in usable}
        for sheet in sheets
    ]
    compared = []
    for (one, of_one), (other, of_other) in combinations(zip(sheets, chances, strict=True), 2):
        common = [item for item in of_one if item in of_other]
        if len(common) < LEAST_ITEMS:
            continue
        each = [match_chance(of_one[item], of_other[item]) for item in common]
        alike = [item for item in common if one.answers[item] == other.answers[item]]
        compared.append((one.name, other.name, common, each, alike, one))
    found = [
        Pair(
            one=one,
            other=other,
            common=len(common),
            matched=len(alike),
            wrong=sum(sheet.answers[item] != keys.get(item) for item in alike),
            expected=math.fsum(each),
            chance=(chance := at_least(len(alike), each)),
            bound=min(1.0, chance * len(compared)),
        )
        for one, other, common, each, alike, sheet in compared
    ]
    return sorted((pair for pair in found if pair.bound <= level), key=lambda pair: (pair.chance, pair.one, pair.other))
