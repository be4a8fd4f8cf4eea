"""Numeric: a number is typed and falls into an interval or not."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

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
    require_weight,
    text_of,
)

MAX_LENGTH = 40
_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?")


class NumericAnswer(Struct, frozen=True, kw_only=True):
    """An interval, both ends included, and its share of the points."""

    low: Decimal
    high: Decimal
    weight: Decimal = ONE
    feedback: Html = ""


class NumericKey(Key, frozen=True, kw_only=True):
    """The first interval that holds the number counts. `otherwise` is said when none does."""

    answers: tuple[NumericAnswer, ...]
    otherwise: Html = ""


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


class Numeric(ItemType[Content, NumericKey]):
    name, answer_type = "numeric", "text"
    content, key = Content, NumericKey

    def check(self, content: Content, key: NumericKey) -> None:
        require(any(answer.weight == ONE for answer in key.answers), "No number earns full points.")
        for answer in key.answers:
            require_weight(answer.weight)
            require(answer.low.is_finite() and answer.high.is_finite(), "An interval has no end.")
            require(answer.low <= answer.high, "An interval ends before it starts.")

    def parse(self, content: Content, raw: Any, ids: Mapping[str, str]) -> Answer:
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            raw = str(raw)
        text = "" if raw is None else text_of(raw, longest=MAX_LENGTH * 2)
        if not text:
            return None
        try:
            return format(parse_number(text), "f")
        except ValueError:
            raise AnswerRefused(
                "Write one number, with a point for decimals: 24500 or 0.25. Nothing was saved."
            ) from None

    def _match(self, key: NumericKey, answer: Any) -> NumericAnswer | None:
        number = Decimal(answer)
        return next((one for one in key.answers if one.low <= number <= one.high), None)

    def fraction(self, key: NumericKey, answer: Any) -> Decimal:
        match = self._match(key, answer)
        return match.weight if match else ZERO

    def feedback(self, key: NumericKey, answer: Any) -> list[str]:
        match = self._match(key, answer)
        return [match.feedback if match else key.otherwise]
