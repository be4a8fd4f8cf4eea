"""One guard for each kind of thing that comes from people and machines; page, form, API and import share it."""

import json
import math
import re
import unicodedata
from typing import Any

from lms.common.errors import DomainError

MAX_JSON_BYTES = 2_000_000
MAX_JSON_DEPTH = 64
MAX_NUMBER_DIGITS = 300
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI_CONTROL = re.compile("[\u202a-\u202e\u2066-\u2069]")


class UnsafeInput(DomainError):
    """Input that no part of the system should have to digest. The message says what is wrong with it."""

    code = "unsafe_input"
    status = 400


def _refuse_constant(name: str) -> Any:
    raise UnsafeInput(f"{name} is not a JSON number.")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UnsafeInput(f"The number {text[:20]} is too large.")
    return value


def _int(text: str) -> int:
    if len(text) > MAX_NUMBER_DIGITS:
        raise UnsafeInput(f"A number has {len(text)} digits; at most {MAX_NUMBER_DIGITS} are read.")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise UnsafeInput(f"The name {name[:60]!r} stands twice in one object.")
            seen.add(name)
    return members


def _check_depth(text: str) -> None:
    """Counts brackets outside strings before the recursive parser sees them."""
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        mark = token.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise UnsafeInput(f"The JSON is nested more than {MAX_JSON_DEPTH} deep.")
        elif mark in "]}":
            depth -= 1


def check_text(text: str) -> str:
    """Returns `text` when every database can store it; raises UnsafeInput for NUL and lone surrogates."""
    if "\x00" in text:
        raise UnsafeInput("The text holds a NUL character, which cannot be stored.")
    if _SURROGATE.search(text):
        raise UnsafeInput("The text holds half of a surrogate pair, which is not a character.")
    return text


def _check_strings(value: Any) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, dict):
        for name, member in value.items():
            check_text(name)
            _check_strings(member)
    elif isinstance(value, list):
        for member in value:
            _check_strings(member)


def load_json(data: bytes | str, *, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """Parses strict JSON (RFC 8259) in UTF-8.

    Raises UnsafeInput for more than `max_bytes`, more than 64 levels, duplicate names, NaN and infinities (also
    written as 1e400), integers beyond 300 digits, NUL characters and lone surrogates.
    """
    if isinstance(data, bytes):
        if len(data) > max_bytes:
            raise UnsafeInput(f"The JSON has {len(data)} bytes; at most {max_bytes} are read.")
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnsafeInput(f"The JSON is not UTF-8 (byte {error.start}).") from error
    else:
        text = data
    _check_depth(text)
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_float, parse_int=_int, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise UnsafeInput(f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
    _check_strings(value)
    return value


def clean_search_query(text: str, *, max_words: int = 12, max_length: int = 100) -> str:
    """What may be handed to a search backend: words and numbers only, at most `max_words`; may be empty.

    Wagtail's SQLite search raises on a lone quotation mark, PostgreSQL on NUL, and both on thousands of words.
    """
    text = _SURROGATE.sub(" ", unicodedata.normalize("NFKC", text[: max_length * 4]))
    words = re.findall(r"[^\W_]+", text)
    return " ".join(words[:max_words])[:max_length].strip()


def clean_name(text: str) -> str:
    """A person's or company's name on one line: NFC, no control or bidi-override characters, single blanks.

    Raises UnsafeInput for NUL and lone surrogates.
    """
    text = unicodedata.normalize("NFC", check_text(text))
    text = _BIDI_CONTROL.sub("", _CONTROL.sub(" ", text))
    return " ".join(text.split())


def clean_cell(value: Any) -> Any:
    """A spreadsheet cell that no program takes for a formula (OWASP CSV injection), without control characters."""
    if not isinstance(value, str):
        return value
    value = _CONTROL.sub("", value)
    if value.lstrip()[:1] in {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"}:
        return "'" + value
    return value
