"""Short answer: a few words are typed and compared with patterns."""

import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from lms.assessments.items.base import (
    ONE,
    ZERO,
    Answer,
    Content,
    Html,
    ItemType,
    Key,
    Struct,
    require,
    require_weight,
    text_of,
)

MAX_LENGTH = 500


class TextAnswer(Struct, frozen=True, kw_only=True):
    r"""A pattern in plain text: `*` stands for any characters, `\*` for an asterisk."""

    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LENGTH)]
    weight: Decimal = ONE
    feedback: Html = ""


class ShortAnswerKey(Key, frozen=True, kw_only=True):
    """The first pattern that fits counts."""

    answers: tuple[TextAnswer, ...]


def normalise(text: str) -> str:
    """The form in which texts are compared: NFKC, case-folded, single blanks, straight quotation marks."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}).split())


def fits(pattern: str, text: str) -> bool:
    """Whether `text` fits `pattern`, in time linear in both for each `*` (no regular expression, no backtracking)."""
    parts = [normalise(part.replace("\0", "*")) for part in pattern.replace("\\*", "\0").split("*")]
    text = normalise(text)
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    start, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, start, end)
        if found < 0:
            return False
        start = found + len(part)
    return True


class ShortAnswer(ItemType[Content, ShortAnswerKey]):
    name, answer_type = "short_answer", "text"
    content, key = Content, ShortAnswerKey

    def check(self, content: Content, key: ShortAnswerKey) -> None:
        require(any(answer.weight == ONE for answer in key.answers), "No answer earns full points.")
        for answer in key.answers:
            require_weight(answer.weight)

    def parse(self, content: Content, raw: Any, ids: Mapping[str, str]) -> Answer:
        return None if raw is None else text_of(raw, longest=MAX_LENGTH) or None

    def _match(self, key: ShortAnswerKey, answer: Any) -> TextAnswer | None:
        return next((one for one in key.answers if fits(one.pattern, answer)), None)

    def fraction(self, key: ShortAnswerKey, answer: Any) -> Decimal:
        match = self._match(key, answer)
        return match.weight if match else ZERO

    def feedback(self, key: ShortAnswerKey, answer: Any) -> list[str]:
        match = self._match(key, answer)
        return [match.feedback if match else ""]
