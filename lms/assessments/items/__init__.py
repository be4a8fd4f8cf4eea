"""Items: what they are made of, how an answer is read, and how it is scored. Pure; knows no database and no request."""

import hashlib
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from lms.assessments.items.base import ONE, ZERO, Answer, AnswerRefused, Content, ItemInvalid, ItemType, Key
from lms.assessments.items.choice import Choice, Choices, TrueFalse
from lms.assessments.items.cloze import Cloze
from lms.assessments.items.hotspot import Hotspot, Hotspots
from lms.assessments.items.matching import Matching
from lms.assessments.items.numeric import Numeric
from lms.assessments.items.ordering import Ordering
from lms.assessments.items.rekeying import Rekeyed
from lms.assessments.items.rekeying import rekey as _rekey
from lms.assessments.items.short_answer import ShortAnswer
from lms.assessments.items.shown import Line, Question, Shown, media_of, present, safe_html, show, with_addresses
from lms.assessments.items.written import Essay, Upload, worth_of
from lms.common.html import clean_item_html

__all__ = [
    "MARKED",
    "POINT",
    "TYPES",
    "Answer",
    "AnswerRefused",
    "Content",
    "ItemInvalid",
    "ItemType",
    "Key",
    "Line",
    "Question",
    "Rekeyed",
    "Shown",
    "clean_text",
    "digest",
    "feedback",
    "load",
    "load_content",
    "load_key",
    "media_of",
    "parse_answer",
    "present",
    "rekey",
    "safe_html",
    "score",
    "show",
    "stored",
    "validated",
    "with_addresses",
    "worth_of",
]

TYPES: dict[str, ItemType[Any, Any]] = {
    kind.name: kind
    for kind in (
        Choice(),
        Choices(),
        TrueFalse(),
        Matching(),
        Ordering(),
        Numeric(),
        ShortAnswer(),
        Cloze(),
        Hotspot(),
        Hotspots(),
        Essay(),
        Upload(),
    )
}
MARKED = frozenset(name for name, kind in TYPES.items() if kind.is_marked)
POINT = Decimal("0.0001")  # points are kept to four decimals
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_ONE_PARAGRAPH = re.compile(r"<p>((?:(?!<p[ >]).)*)</p>", re.DOTALL)
_BLANK = " \t\n\f\r"
_SPACE = re.compile(f"[{_BLANK}]+")
_PRE = re.compile(r"(<pre(?: [^>]*)?>.*?</pre>)", re.DOTALL)
_BLOCKS = "p|br|h2|h3|h4|ul|ol|li|pre|blockquote|hr|table|thead|tbody|tfoot|tr|th|td|caption|dl|dt|dd|figure|figcaption"
_AROUND_BLOCKS = re.compile(rf" ?(</?(?:{_BLOCKS})(?: [^>]*)?>) ?")
_HTML = {
    *("stem", "stimulus", "text", "feedback", "general", "otherwise"),
    *("if_right", "if_partly", "if_wrong", "hints", "notes"),
}


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
    """The same members with every text as it is kept: without control characters, HTML cleaned."""
    if isinstance(value, dict):
        return {
            name: _cleaned(member, inside=name if inside != "feedback" else inside) for name, member in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(member, inside=inside) for member in value]
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return clean_text(text) if inside in _HTML else text.strip()


def clean_text(text: str) -> str:
    """An HTML text of an item as it is kept: cleaned, in one form of the many that mean the same.

    White space that HTML does not show is single or gone, and so is the paragraph around a text that is only one.
    """
    pieces = _PRE.split(str(clean_item_html(text)))
    pieces[::2] = [_AROUND_BLOCKS.sub(r"\1", _SPACE.sub(" ", piece)) for piece in pieces[::2]]
    cleaned = "".join(pieces).replace("<p></p>", "").strip(_BLANK)
    while found := _ONE_PARAGRAPH.fullmatch(cleaned):
        cleaned = found[1].strip(_BLANK)
    return cleaned


def validated(type_: str, content: Any, key: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Content and key as they are stored: their HTML cleaned, their forms and their agreement checked.

    Takes structs or plain members. Raises ItemInvalid with the reason in plain words.
    """
    plain = [_cleaned(msgspec.to_builtins(value)) for value in (content, key)]
    loaded_content, loaded_key = load(type_, *plain)
    TYPES[type_].check(loaded_content, loaded_key)
    if not loaded_content.stem.strip():
        raise ItemInvalid("The question has no text.")
    return stored(loaded_content), stored(loaded_key)


def stored(value: Any) -> Any:
    """A struct as JSON keeps it: without members at their default, equal numbers as equal texts."""
    if isinstance(value, msgspec.Struct):
        members = ((field, getattr(value, field.name)) for field in msgspec.structs.fields(value))
        return {field.name: stored(member) for field, member in members if not _is_default(field, member)}
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, dict):
        return {name: stored(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [stored(member) for member in value]
    return value


def _is_default(field: msgspec.structs.FieldInfo, member: Any) -> bool:
    if field.default is not msgspec.NODEFAULT:
        return bool(member == field.default)
    return field.default_factory is not msgspec.NODEFAULT and not member


def digest(type_: str, content: dict[str, Any], key: dict[str, Any]) -> str:
    """SHA-256 over type, content and key in canonical JSON: equal items have equal digests."""
    return hashlib.sha256(msgspec.json.encode([type_, content, key], order="sorted")).hexdigest()


def parse_answer(type_: str, content: Content, shown: Shown, raw: Any) -> Answer:
    """What was posted (in the tokens of `shown`) as an answer in option ids; None when it is empty.

    Raises AnswerRefused for a wrong shape, an option that was not shown, duplicates, or what is no number.
    """
    return TYPES[type_].parse(content, raw, shown.tokens)


def score(type_: str, key: Key, answer: Answer, max_points: Decimal) -> Decimal:
    """The points of a stored answer: from 0 to `max_points`, rounded half up to four decimals. Pure.

    Not for types that people mark: nothing in their key could say (TypeError).
    """
    if answer is None:
        return ZERO
    fraction = min(max(TYPES[type_].fraction(key, answer), ZERO), ONE)
    return min((fraction * max_points).quantize(POINT, ROUND_HALF_UP), max_points)


def rekey(type_: str, content: Content, other: Content, key: Key) -> Rekeyed | None:
    """The key of another wording of the same type for answers to this one; None when it does not fit."""
    return _rekey(TYPES[type_], content, other, key)


def feedback(type_: str, key: Key, answer: Answer) -> tuple[str, ...]:
    """The author's remarks on an answer: on what was chosen, on how right it was, the general one last.

    HTML, cleaned when the item was made. Of an answer that people mark only the general one: the rest is theirs to say.
    """
    if answer is None or TYPES[type_].is_marked:
        return (key.general,) if key.general else ()
    earned = score(type_, key, answer, ONE)
    outcome = key.if_right if earned == ONE else key.if_partly if earned else key.if_wrong
    return tuple(text for text in [*TYPES[type_].feedback(key, answer), outcome, key.general] if text)
