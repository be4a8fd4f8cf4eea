"""What an author should look at, said so that he knows what to do. A flag is advice; nothing follows by itself."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lms.assessments.statistics.estimates import DRIFT, GROUPS
from lms.assessments.statistics.figures import ItemFigures, OptionFigures
from lms.assessments.statistics.sums import OMITTED, PARTLY, RIGHT, SHARE, WRONG, ItemSums

TOO_HARD, TOO_EASY, WEAK, SLOW = 0.2, 0.95, 0.1, 0.15
DEAD, LURE, DRIFTS, RARE = 0.05, 0.1, 0.1, 2.58


class Kind(StrEnum):
    NEGATIVE = "negative"
    KEY_SUSPECT = "key_suspect"
    WEAK = "weak"
    DEAD = "dead"
    TOO_HARD = "too_hard"
    TOO_EASY = "too_easy"
    OMITTED = "omitted"
    DRIFT = "drift"
    EXPOSED = "exposed"


@dataclass(frozen=True, kw_only=True)
class Flag:
    """`is_urgent`: candidates may be judged wrongly until somebody has looked."""

    kind: Kind
    note: str
    is_urgent: bool = False


def flags(
    figures: ItemFigures,
    *,
    key: Collection[str],
    names: Mapping[str, str],
    earlier: ItemSums | None = None,
    later: ItemSums | None = None,
    exposure: float | None = None,
    max_exposure: float | None = None,
) -> list[Flag]:
    """Everything there is to say about an item. `key` are the options that earn points, `names` all options in words,
    `earlier` and `later` the sums of two periods, `exposure` the share of attempts that showed it, with its limit."""
    found = [*_by_discrimination(figures), *_by_facility(figures), *_by_options(figures, key, names)]
    if (drift := _drift(earlier, later)) is not None:
        found.append(drift)
    if exposure is not None and max_exposure is not None and exposure > max_exposure:
        found.append(
            Flag(
                kind=Kind.EXPOSED,
                note=f"{exposure:.0%} of the attempts showed this item; the limit is {max_exposure:.0%}. It may be "
                "known by now: write others like it, or let it rest.",
            )
        )
    return found


def trial_words(figures: ItemFigures, found: Collection[Flag]) -> str:
    """What to do with an item on trial, for its author: wait for answers, mend it, or let it go live."""
    if figures.n < GROUPS:
        return f"On trial: {figures.n} of {GROUPS} answers. Too few to judge it by."
    against = [flag.kind.replace("_", " ") for flag in found if flag.kind in _AGAINST]
    if against:
        return f"On trial, and not ready to be scored: {', '.join(against)}. Mend it and try it again, or retire it."
    return "On trial, and it works: nothing speaks against scoring it. End its trial on the page of the item."


# What would make scores worse. A dead or easy item only tells little.
_AGAINST = {Kind.NEGATIVE, Kind.KEY_SUSPECT, Kind.WEAK, Kind.TOO_HARD, Kind.OMITTED}


def _by_discrimination(figures: ItemFigures) -> list[Flag]:
    value = figures.discrimination.value
    if value is None:
        return []
    if value < 0:
        note = (
            f"Who does well in the exam does worse here than the others (discrimination {value:.2f}). Is the key "
            "right, and does the question ask what it means to ask? Until then it takes points from those who know."
        )
        return [Flag(kind=Kind.NEGATIVE, note=note, is_urgent=True)]
    is_middling = figures.facility.value is not None and TOO_HARD <= figures.facility.value <= TOO_EASY
    if value < WEAK and is_middling:
        note = f"It hardly tells who knows the subject from who does not (discrimination {value:.2f}, below {WEAK})."
        return [Flag(kind=Kind.WEAK, note=note)]
    return []


def _by_facility(figures: ItemFigures) -> list[Flag]:
    found, value, omitted = [], figures.facility.value, figures.omitted.value
    if value is not None and value < TOO_HARD:
        note = f"Only {value:.0%} of the points were earned. Is it taught, and is the key right?"
        found.append(Flag(kind=Kind.TOO_HARD, note=note))
    if value is not None and value > TOO_EASY:
        note = f"{value:.0%} of the points were earned: nearly everybody gets it right, so it tells little."
        found.append(Flag(kind=Kind.TOO_EASY, note=note))
    if omitted is not None and omitted > SLOW:
        note = f"{omitted:.0%} gave no answer. Is it understood, and is there time for it?"
        found.append(Flag(kind=Kind.OMITTED, note=note))
    return found


def _by_options(figures: ItemFigures, key: Collection[str], names: Mapping[str, str]) -> list[Flag]:
    if figures.n < GROUPS:
        return []
    rows = {row.option: row for row in figures.options if row.option not in {OMITTED, RIGHT, PARTLY, WRONG}}
    if not rows:
        return []
    dead = [name for option, name in names.items() if option not in key and _share(rows.get(option)) < DEAD]
    found = []
    if dead and figures.facility.value is not None and figures.facility.value <= TOO_EASY:
        listed = ", ".join(f"“{name}”" for name in dead)
        note = f"Hardly anybody chose {listed}: a wrong answer that misleads nobody could be replaced."
        found.append(Flag(kind=Kind.DEAD, note=note))
    best = max((rows[option].difference or 0.0 for option in key if option in rows), default=0.0)
    for option, row in rows.items():
        if option not in key and row.difference is not None and row.difference > max(LURE, best):
            note = (
                f"The best candidates choose “{names.get(option, option)}” more than the weakest do ({row.upper:.0%} "
                f"against {row.lower:.0%}), and the key does not tell them apart as well. Is that answer right too?"
            )
            found.append(Flag(kind=Kind.KEY_SUSPECT, note=note, is_urgent=True))
    return found


def _share(row: OptionFigures | None) -> float:
    return 0.0 if row is None else row.share


def _drift(earlier: ItemSums | None, later: ItemSums | None) -> Flag | None:
    """Facility that moved by a tenth and more than chance explains: z of the difference of two means, at 0.01."""
    if earlier is None or later is None or min(earlier.n, later.n) < DRIFT:
        return None
    before, after = (sums.x / sums.n / SHARE for sums in (earlier, later))
    error = math.sqrt(
        sum(
            max(0.0, sums.xx / sums.n / SHARE**2 - mean**2) / sums.n
            for sums, mean in ((earlier, before), (later, after))
        )
    )
    if abs(after - before) < DRIFTS or (error and abs(after - before) / error < RARE):
        return None
    word = "easier" if after > before else "harder"
    why = "Is it known by now?" if after > before else "Has the product changed, or what the lesson says?"
    return Flag(kind=Kind.DRIFT, note=f"It became {word}: {before:.0%} before, {after:.0%} now. {why}")
