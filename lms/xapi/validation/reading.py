"""From the bytes of a request to valid statements, each with its text as it was sent."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from lms.common import guards
from lms.xapi.digests import canonical_text
from lms.xapi.errors import TooLarge
from lms.xapi.validation.compiled import is_valid
from lms.xapi.validation.statement import Version, check_statement
from lms.xapi.validation.values import fail

_decode = msgspec.json.Decoder().decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
# What could hide a NUL, or a name that stands twice from the count of names: such texts are read with more care.
_NEEDS_CARE = re.compile(rb'\\u00[02]|"[ \t\r\n]+:')
_MOST_BRACKETS = guards.MAX_JSON_DEPTH


class Sent(NamedTuple):
    """A valid statement, the text it was sent as, and its content digest if that is known already."""

    value: Mapping[str, Any]
    text: bytes
    digest: str | None = None


def read_statements(data: bytes, version: Version, *, most: int, as_list: bool = True) -> Sequence[Sent]:
    """The statements of a body: one, or (if `as_list` allows that) a list of them.

    Raises InvalidStatement with the JSON pointer of what is wrong, UnsafeInput for what is no JSON or should not be
    digested (see `guards.load_json`), TooLarge for more than `most` statements or guards.MAX_JSON_BYTES.
    """
    if len(data) > guards.MAX_JSON_BYTES:
        raise TooLarge(f"The statements have {len(data)} bytes; at most {guards.MAX_JSON_BYTES} are read at once.")
    data = data.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n")
    if not (as_list and data.startswith(b"[")):
        return [read_statement(data, version)]
    texts = _texts(data)
    if len(texts) > most:
        raise TooLarge(f"The batch has {len(texts)} statements; at most {most} are read at once.")
    statements = [read_statement(bytes(text), version, f"/{number}") for number, text in enumerate(texts)]
    _check_ids(statements)
    return statements


def _texts(data: bytes) -> Sequence[msgspec.Raw]:
    try:
        return _split(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        guards.load_json(data)  # says what is wrong
        raise guards.UnsafeInput("This is not JSON.") from error


def read_statement(text: bytes, version: Version, at: str = "") -> Sent:
    """One statement. Raises InvalidStatement, UnsafeInput."""
    if not (_may_need_care(text) and _NEEDS_CARE.search(text)) and is_valid(text, version):
        value = _decode(text)
        content, others = canonical_text(value)
        # As many names come out as went in: none stood twice. And so few brackets cannot be nested too deep.
        names = content.count(b'":') + (_encode(others).count(b'":') if others else 0)
        if names == text.count(b'":') and text.count(b"{") + text.count(b"[") <= _MOST_BRACKETS:
            return Sent(value, text, sha256(content).hexdigest())
    value = guards.load_json(text)
    check_statement(value, version, at)
    return Sent(value, text)


def _may_need_care(text: bytes) -> bool:
    """A first look, a third of the expression's time: most texts hold nothing of this."""
    return (
        b" :" in text
        or (b"\\u00" in text and (b"\\u000" in text or b"\\u002" in text))
        or (b"\n" in text and b"\n:" in text)
        or (b"\t" in text and b"\t:" in text)
        or (b"\r" in text and b"\r:" in text)
    )


def _check_ids(statements: Sequence[Sent]) -> None:
    seen: set[str] = set()
    for number, sent in enumerate(statements):
        if (statement_id := sent.value.get("id", "").lower()) in seen:
            raise fail(f"/{number}/id", "stands twice in this batch.")
        if statement_id:
            seen.add(statement_id)
