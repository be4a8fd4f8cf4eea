"""Items: what they are made of, how an answer is read, and how it is scored. Pure; knows no database and no request."""

import hashlib
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from lms.assessments.items.base import ONE, ZERO, Answer, AnswerRefused, Content, ItemInvalid, ItemType, Key
from lms.assessments.items.choice import Choice, Choices, TrueFalse
from lms.assessments.items.matching import Matching
from lms.assessments.items.numeric import Numeric
from lms.assessments.items.ordering import Ordering
from lms.assessments.items.short_answer import ShortAnswer
from lms.assessments.items.shown import Line, Question, Shown, present, show
from lms.common.html import clean_html

__all__ = [
    "TYPES",
    "Answer",
    "AnswerRefused",
    "Content",
    "ItemInvalid",
    "ItemType",
    "Key",
    "Line",
    "Question",
    "Shown",
    "digest",
    "feedback",
    "load",
    "load_content",
    "load_key",
    "parse_answer",
    "present",
    "score",
    "show",
    "validated",
]

TYPES: dict[str, ItemType[Any, Any]] = {
    kind.name: kind for kind in (Choice(), Choices(), TrueFalse(), Matching(), Ordering(), Numeric(), ShortAnswer())
}
POINT = Decimal("0.0001")  # points are kept to four decimals


def load_content(type_: str, content: Any) -> Content:
    """The struct of stored content. Raises ItemInvalid when it does not have the type's form."""
    loaded: Content = _convert(content, TYPES[type_].content)
    return loaded


def load_key(type_: str, key: Any) -> Key:
    """The struct of a stored key. Raises ItemInvalid when it does not have the type's form."""
    loaded: Key = _convert(key, TYPES[type_].key)
    return loaded


def load(type_: str, content: Any, key: Any) -> tuple[Content, Key]:
    """The structs of a stored item. Raises ItemInvalid for an unknown type or a wrong form."""
    if type_ not in TYPES:
        raise ItemInvalid(f"There is no item type {type_!r}.")
    return load_content(type_, content), load_key(type_, key)


def _convert(value: Any, struct: type[Any]) -> Any:
    try:
        return msgspec.convert(value, struct)
    except msgspec.ValidationError as error:
        raise ItemInvalid(f"The item does not have the form of its type: {error}.") from error


def _cleaned(value: Any, *, inside: str = "") -> Any:
    """The same members with every HTML text cleaned. Ids and patterns are no HTML."""
    if isinstance(value, dict):
        return {
            name: _cleaned(member, inside=name if inside != "feedback" else inside) for name, member in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(member, inside=inside) for member in value]
    if isinstance(value, str) and inside in {"stem", "text", "feedback", "general", "otherwise"}:
        return clean_html(value).strip()
    return value


def validated(type_: str, content: Any, key: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Content and key as they are stored: their HTML cleaned, their forms and their agreement checked.

    Takes structs or plain members. Raises ItemInvalid with the reason in plain words.
    """
    plain = [_cleaned(msgspec.to_builtins(value)) for value in (content, key)]
    loaded_content, loaded_key = load(type_, *plain)
    TYPES[type_].check(loaded_content, loaded_key)
    if not loaded_content.stem.strip():
        raise ItemInvalid("The question has no text.")
    return _json(loaded_content), _json(loaded_key)


def _json(struct: msgspec.Struct) -> dict[str, Any]:
    """The members as JSON knows them: lists for tuples, strings for decimals."""
    members: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(struct))
    return members


def digest(type_: str, content: dict[str, Any], key: dict[str, Any]) -> str:
    """SHA-256 over type, content and key in canonical JSON: equal items have equal digests."""
    return hashlib.sha256(msgspec.json.encode([type_, content, key], order="sorted")).hexdigest()


def parse_answer(type_: str, content: Content, shown: Shown, raw: Any) -> Answer:
    """What was posted (in the tokens of `shown`) as an answer in option ids; None when it is empty.

    Raises AnswerRefused for a wrong shape, an option that was not shown, duplicates, or what is no number.
    """
    return TYPES[type_].parse(content, raw, shown.tokens)


def score(type_: str, key: Key, answer: Answer, max_points: Decimal) -> Decimal:
    """The points of a stored answer: from 0 to `max_points`, rounded half up to four decimals. Pure."""
    if answer is None:
        return ZERO
    fraction = min(max(TYPES[type_].fraction(key, answer), ZERO), ONE)
    return min((fraction * max_points).quantize(POINT, ROUND_HALF_UP), max_points)


def feedback(type_: str, key: Key, answer: Answer) -> tuple[str, ...]:
    """The author's remarks on an answer, the general one last; HTML, cleaned when the item was made."""
    own = [] if answer is None else TYPES[type_].feedback(key, answer)
    return tuple(text for text in [*own, key.general] if text)
