"""Cloze: gaps in a text, each filled in its own way: words, a number, one of its options, one of a common pool."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Literal

import nh3

from lms.assessments.items.base import (
    MAX_OPTIONS,
    ONE,
    ZERO,
    Answer,
    AnswerRefused,
    Content,
    Html,
    ItemType,
    Key,
    Option,
    OptionId,
    Struct,
    known,
    require,
    require_options,
    require_weight,
    text_of,
)
from lms.assessments.items.numeric import MAX_LENGTH as MAX_NUMBER
from lms.assessments.items.numeric import NumericAnswer, find_interval, parse_number, require_intervals
from lms.assessments.items.short_answer import TextAnswer, find_pattern, require_patterns

MAX_WORDS = 200
GAP = re.compile(r"\[\[([a-z0-9]{1,12})\]\]")


class Gap(Struct, frozen=True, kw_only=True):
    """One gap: `[[id]]` in the stem is its place. `options` are those of a choice gap; a pool gap takes the pool's."""

    id: OptionId
    kind: Literal["text", "number", "choice", "pool"]
    options: tuple[Option, ...] = ()


class ClozeContent(Content, frozen=True, kw_only=True):
    """The stem holds each gap's mark once. `pool` has the words to put into the pool gaps; they may be too many."""

    gaps: tuple[Gap, ...]
    pool: tuple[Option, ...] = ()

    def choices_for(self, gap: Gap) -> tuple[Option, ...]:
        """What may be chosen in a gap."""
        return self.pool if gap.kind == "pool" else gap.options


class GapKey(Struct, frozen=True, kw_only=True):
    """What is right in one gap: of `texts`, `numbers` or `weights` (by option id), the one its kind asks for.

    `share` is how much the gap counts beside the others. `otherwise` is said of a typed answer that fits nothing.
    """

    share: Decimal = ONE
    texts: tuple[TextAnswer, ...] = ()
    numbers: tuple[NumericAnswer, ...] = ()
    weights: dict[str, Decimal] = {}
    feedback: dict[str, Html] = {}
    otherwise: Html = ""
    is_case_sensitive: bool = False


class ClozeKey(Key, frozen=True, kw_only=True):
    """With `all`, only everything right earns points."""

    gaps: dict[str, GapKey]
    scoring: Literal["each", "all"] = "each"


def marks(stem: str) -> list[str]:
    """The ids of the marks that stand in the text of a stem, in their order; one inside a tag is none."""
    return GAP.findall(nh3.clean(stem, tags=set()))


class Cloze(ItemType[ClozeContent, ClozeKey]):
    """Each gap earns its share; a wrong one may cost, never below nought for the item."""

    name, answer_type = "cloze", "map"
    content, key = ClozeContent, ClozeKey
    are_prompts_shuffled: ClassVar[bool] = False

    def check(self, content: ClozeContent, key: ClozeKey) -> None:
        ids = [gap.id for gap in content.gaps]
        require(0 < len(ids) <= MAX_OPTIONS, f"A text has from 1 to {MAX_OPTIONS} gaps.")
        require(len(set(ids)) == len(ids), "Two gaps have the same id.")
        found = [mark for mark in marks(content.stem) if mark in ids]
        require(sorted(found) == sorted(ids), "Each gap has exactly one place in the text.")
        require(len(GAP.findall(content.stem)) == len(marks(content.stem)), "A gap cannot stand inside a tag.")
        require(set(key.gaps) == set(ids), "Every gap needs its key, and only gaps have one.")
        if any(gap.kind == "pool" for gap in content.gaps):
            require_options(content.pool, 2)
        else:
            require(not content.pool, "There are words for gaps, but no gap takes them.")
        for gap in content.gaps:
            _check_gap(gap, content.choices_for(gap), key.gaps[gap.id])

    def parse(self, content: ClozeContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        if raw is None:
            return None
        if not isinstance(raw, dict) or len(raw) > len(content.gaps):
            raise AnswerRefused("The answer does not fit the gaps shown. Nothing was saved.")
        gaps = {gap.id: gap for gap in content.gaps}
        places = [Option(id=gap.id, text="") for gap in content.gaps]
        answer = {}
        for mark, value in raw.items():
            gap = gaps[known(mark, ids, places)]
            answer[gap.id] = _parse_gap(gap, content.choices_for(gap), value, ids)
        return {name: text for name, text in answer.items() if text} or None

    def fraction(self, key: ClozeKey, answer: Any) -> Decimal:
        total = sum((one.share for one in key.gaps.values()), ZERO)
        earned = sum((one.share * _match(one, answer.get(name, ""))[0] for name, one in key.gaps.items()), ZERO)
        if key.scoring == "all":
            return ONE if earned == total else ZERO
        return earned / total

    def feedback(self, key: ClozeKey, answer: Any) -> list[str]:
        return [_match(one, answer.get(name, ""))[1] for name, one in key.gaps.items()]

    def options(self, content: ClozeContent) -> Sequence[Option]:
        """All options of all gaps, once each: an option has the same id wherever it stands."""
        groups = [content.choices_for(gap) for gap in content.gaps]
        return list({option.id: option for group in groups for option in group}.values())

    def prompts(self, content: ClozeContent) -> Sequence[Option]:
        return [Option(id=gap.id, text="") for gap in content.gaps]


def _check_gap(gap: Gap, options: Sequence[Option], key: GapKey) -> None:
    require(key.share.is_finite() and 0 < key.share <= 100, "The share of a gap lies between 0 and 100.")
    require(bool(key.texts) == (gap.kind == "text"), "A gap for words needs its right answers, and no other has any.")
    require(
        bool(key.numbers) == (gap.kind == "number"), "A gap for a number needs its right numbers, no other has any."
    )
    if gap.kind == "text":
        require_patterns(key.texts)
    elif gap.kind == "number":
        require_intervals(key.numbers)
    if gap.kind in {"text", "number"}:
        require(not (gap.options or key.weights or key.feedback), "A gap to type in has no options.")
        return
    if gap.kind == "choice":
        require_options(gap.options, 2)
    ids = {option.id for option in options}
    require(set(key.weights) <= ids, "A gap's key names an option that does not exist.")
    require(set(key.feedback) <= ids, "There is feedback on an option that does not exist.")
    for weight in key.weights.values():
        require_weight(weight)
    require(ONE in key.weights.values(), "No option of a gap is right.")


def _parse_gap(gap: Gap, options: Sequence[Option], value: Any, ids: Mapping[str, str]) -> str:
    if value is None or value == "":
        return ""
    if gap.kind in {"choice", "pool"}:
        return known(value, ids, options)
    text = text_of(value, longest=MAX_WORDS if gap.kind == "text" else MAX_NUMBER * 2)
    if gap.kind == "text" or not text:
        return text
    try:
        return f"{parse_number(text):f}"
    except ValueError:
        raise AnswerRefused(f"“{text[:20]}” is no number: write 24500 or 0.25. Nothing was saved.") from None


def _match(key: GapKey, value: str) -> tuple[Decimal, str]:
    """The share of a gap's points that a value earns, and the remark on it."""
    if not value:
        return ZERO, ""
    found: TextAnswer | NumericAnswer | None
    if key.texts:
        found = find_pattern(key.texts, value, keep_case=key.is_case_sensitive)
    elif key.numbers:
        found = find_interval(key.numbers, Decimal(value))
    else:
        return key.weights.get(value, ZERO), key.feedback.get(value, "")
    return (found.weight, found.feedback) if found else (ZERO, key.otherwise)
