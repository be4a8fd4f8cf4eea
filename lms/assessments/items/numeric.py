"""Numeric: a number is typed, with a unit where the item has units, and falls into an interval or not."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from lms.assessments.items.base import (
    ONE,
    ZERO,
    Answer,
    AnswerRefused,
    Content,
    Html,
    ItemType,
    Key,
    Struct,
    require,
    require_digits,
    require_weight,
    text_of,
)

MAX_LENGTH = 40
MAX_UNIT = 30
MAX_UNITS = 20
_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?")
_WITH_UNIT = re.compile(r"([-+−]?[\d.,\s'’_]*\d[.,]?(?:[eE][-+]?\d{1,2}(?![\d]))?)\s*(\D.*)?", re.DOTALL)


class Unit(Struct, frozen=True, kw_only=True):
    """A unit a number may be given in. `multiplier` of it make one of the unit that the intervals are in."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_UNIT)]
    multiplier: Decimal = ONE


class NumericContent(Content, frozen=True, kw_only=True):
    """`units` are told to the candidate; a number without a unit is taken in the intervals' own unit."""

    units: tuple[Unit, ...] = ()


class NumericAnswer(Struct, frozen=True, kw_only=True):
    """An interval, both ends included, and its share of the points."""

    low: Decimal
    high: Decimal
    weight: Decimal = ONE
    feedback: Html = ""


class NumericKey(Key, frozen=True, kw_only=True):
    """The first interval that holds the number counts. `otherwise` is said when none does.

    `unit_penalty` is the share that is lost where the item has units and none was given. `multipliers` repeats the
    units' multipliers: an answer is scored from the key alone.
    """

    answers: tuple[NumericAnswer, ...]
    otherwise: Html = ""
    unit_penalty: Decimal = ZERO
    multipliers: dict[str, Decimal] = {}


def parse_number(text: str) -> Decimal:
    """Reads "24500", "24,500", "24 500", "0.25", "0,25", "-3", "2e6".

    A comma before groups of three digits separates thousands; any other single comma is a decimal comma. Raises
    ValueError for everything else, also for NaN, infinities and more than 40 characters.
    """
    text = unicodedata.normalize("NFKC", text).replace("−", "-").lower()
    text = re.sub(r"[\s'’_]", "", text)
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    elif text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if len(text) > MAX_LENGTH or not text.isascii() or not _NUMBER.fullmatch(text):
        raise ValueError(text[:MAX_LENGTH])
    return Decimal(text)


def split_unit(text: str, units: Sequence[str]) -> tuple[str, str]:
    """The number's text and the unit's name as the item writes it; the unit is empty where none was typed.

    Case counts only where two units differ by nothing else (mW, MW). Raises ValueError for a unit the item has not.
    """
    found = _WITH_UNIT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None or not found[2]:
        return text, ""
    typed = found[2].strip()
    names = [name for name in units if name == typed] or [name for name in units if name.lower() == typed.lower()]
    if len(names) != 1:
        raise ValueError(typed)
    return found[1], names[0]


def require_intervals(answers: Sequence[NumericAnswer]) -> None:
    """Raises ItemInvalid unless the intervals are finite, in order, weighted, and one earns full points."""
    require(any(answer.weight == ONE for answer in answers), "No number earns full points.")
    for answer in answers:
        require_weight(answer.weight)
        require(answer.low.is_finite() and answer.high.is_finite(), "An interval has no end.")
        require_digits(answer.low)
        require_digits(answer.high)
        require(answer.low <= answer.high, "An interval ends before it starts.")


def find_interval(answers: Sequence[NumericAnswer], number: Decimal, per: Decimal = ONE) -> NumericAnswer | None:
    """The first interval that holds `number` of a unit of which `per` make one of theirs. Nothing is rounded."""
    return next((one for one in answers if one.low * per <= number <= one.high * per), None)


class Numeric(ItemType[NumericContent, NumericKey]):
    name, answer_type = "numeric", "text"
    content, key = NumericContent, NumericKey

    def check(self, content: NumericContent, key: NumericKey) -> None:
        require_intervals(key.answers)
        names = [unit.name for unit in content.units]
        require(len(names) <= MAX_UNITS, f"At most {MAX_UNITS} units are allowed.")
        require(len(set(names)) == len(names), "A unit stands twice.")
        for unit in content.units:
            require(unit.multiplier.is_finite() and unit.multiplier > 0, "A unit's multiplier is more than nought.")
            require_digits(unit.multiplier)
            require(not unit.name[0].isdigit() and unit.name == unit.name.strip(), "A unit starts with no digit.")
        expected = {unit.name: unit.multiplier for unit in content.units}
        require(key.multipliers == expected, "The key and the question have different units.")
        require(ZERO <= key.unit_penalty <= ONE, "The share lost without a unit lies between 0 and 1.")

    def parse(self, content: NumericContent, raw: Any, ids: Mapping[str, str]) -> Answer:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            raw = str(raw)
        text = "" if raw is None else text_of(raw, longest=MAX_LENGTH * 2)
        if not text:
            return None
        names = [unit.name for unit in content.units]
        try:
            number, unit = split_unit(text, names) if names else (text, "")
            return f"{parse_number(number):f} {unit}".rstrip()
        except ValueError:
            units = f" and its unit ({', '.join(names)})" if names else ""
            raise AnswerRefused(
                f"Write one number{units}, with a point for decimals: 24500 or 0.25. Nothing was saved."
            ) from None

    def _match(self, key: NumericKey, answer: Any) -> NumericAnswer | None:
        number, _, unit = answer.partition(" ")
        return find_interval(key.answers, Decimal(number), key.multipliers.get(unit, ONE))

    def fraction(self, key: NumericKey, answer: Any) -> Decimal:
        match = self._match(key, answer)
        lost = key.unit_penalty if key.multipliers and " " not in answer else ZERO
        return max(match.weight - lost, ZERO) if match else ZERO

    def feedback(self, key: NumericKey, answer: Any) -> list[str]:
        match = self._match(key, answer)
        return [match.feedback if match else key.otherwise]
