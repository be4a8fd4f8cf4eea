"""Short answer: a few words are typed and compared with patterns."""

import logging
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import regex

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
MAX_EXPRESSION = 200
SECONDS = 0.1  # for one regular expression on one answer: a thousand times what a harmless one takes
_QUOTES = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}
logger = logging.getLogger("laurel.assessments")


class TextAnswer(Struct, frozen=True, kw_only=True):
    r"""A pattern in plain text: `*` stands for any characters, `\*` for an asterisk.

    With `is_regex` it is a regular expression (the syntax of the `regex` package) that the whole answer must fit.
    """

    pattern: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LENGTH)]
    weight: Decimal = ONE
    feedback: Html = ""
    is_regex: bool = False


class ShortAnswerKey(Key, frozen=True, kw_only=True):
    """The first pattern that fits counts."""

    answers: tuple[TextAnswer, ...]
    is_case_sensitive: bool = False


def normalise(text: str, *, keep_case: bool = False) -> str:
    """The form in which texts are compared: NFKC, case-folded, single blanks, straight quotation marks."""
    text = unicodedata.normalize("NFKC", text)
    if not keep_case:
        text = unicodedata.normalize("NFKC", text.casefold())
    return " ".join(text.translate(_QUOTES).split())


def fits(pattern: str, text: str, *, keep_case: bool = False) -> bool:
    """Whether `text` fits `pattern`, in time linear in both for each `*` (no regular expression, no backtracking)."""
    parts = [normalise(part.replace("\0", "*"), keep_case=keep_case) for part in _parts(pattern)]
    text = normalise(text, keep_case=keep_case)
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


def _parts(pattern: str) -> list[str]:
    return pattern.replace("\\*", "\0").split("*")


def fits_expression(pattern: str, text: str, *, keep_case: bool = False) -> bool:
    """Whether the whole `text` fits the regular expression; one that takes more than 0.1 s does not, and is logged."""
    flags = 0 if keep_case else regex.IGNORECASE
    try:
        found = regex.fullmatch(pattern, normalise(text, keep_case=True), flags=flags, timeout=SECONDS)
    except TimeoutError:
        logger.warning("a regular expression of an item took too long: %r", pattern)
        return False
    return found is not None


def require_patterns(answers: Sequence[TextAnswer]) -> None:
    """Raises ItemInvalid unless the patterns are weighted, readable, and one earns full points."""
    require(any(answer.weight == ONE for answer in answers), "No answer earns full points.")
    for answer in answers:
        require_weight(answer.weight)
        if answer.is_regex:
            require(len(answer.pattern) <= MAX_EXPRESSION, f"A regular expression has at most {MAX_EXPRESSION} signs.")
            require(_compiles(answer.pattern), f"“{answer.pattern[:60]}” is no regular expression.")


def _compiles(pattern: str) -> bool:
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError):
        return False
    return True


def find_pattern(answers: Sequence[TextAnswer], text: str, *, keep_case: bool = False) -> TextAnswer | None:
    """The first pattern that `text` fits."""
    return next(
        (one for one in answers if (fits_expression if one.is_regex else fits)(one.pattern, text, keep_case=keep_case)),
        None,
    )


class ShortAnswer(ItemType[Content, ShortAnswerKey]):
    name, answer_type = "short_answer", "text"
    content, key = Content, ShortAnswerKey

    def check(self, content: Content, key: ShortAnswerKey) -> None:
        require_patterns(key.answers)

    def parse(self, content: Content, raw: Any, ids: Mapping[str, str]) -> Answer:
        return None if raw is None else text_of(raw, longest=MAX_LENGTH) or None

    def _match(self, key: ShortAnswerKey, answer: Any) -> TextAnswer | None:
        return find_pattern(key.answers, answer, keep_case=key.is_case_sensitive)

    def fraction(self, key: ShortAnswerKey, answer: Any) -> Decimal:
        match = self._match(key, answer)
        return match.weight if match else ZERO

    def feedback(self, key: ShortAnswerKey, answer: Any) -> list[str]:
        match = self._match(key, answer)
        return [match.feedback if match else ""]
