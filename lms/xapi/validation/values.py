"""Checks of single values: each takes a value and the JSON pointer at which it stands, and raises InvalidStatement."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from lms.xapi.errors import InvalidStatement
from lms.xapi.timestamps import parse_timestamp

Check = Callable[[Any, str], None]

MAX_IRI = 2000
UUID_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
IRI_FORM = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20]+")
MAILTO_FORM = re.compile(r"mailto:[^\s@<>\"]+@[^\s@<>\"]+", re.IGNORECASE)
SHA1_FORM = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)
SHA2_FORM = re.compile(r"(?:[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})", re.ASCII)
MEDIA_TYPE_FORM = re.compile(r"[\w!#$&\-^.+]+/[\w!#$&\-^.+]+(?:\s*;\s*[^\r\n]*)?", re.ASCII)
# RFC 5646: language, extended language, script, region, variants, extensions, private use; or grandfathered.
LANGUAGE_FORM = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
    r"|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(?:be-(?:fr|nl)|ch-de)"
    r"|art-lojban|cel-gaulish|no-bok|no-nyn|zh-(?:guoyu|hakka|min|min-nan|xiang)",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = r"\d+(?:[.,]\d+)?"
DURATION_FORM = re.compile(
    rf"P(?:{_NUMBER}W|(?=\d|T\d)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)",
    re.ASCII,
)


def anchored(form: re.Pattern[str]) -> str:
    """The form as one expression that only a whole string matches, flags included."""
    flags = "".join(letter for letter, flag in (("i", re.IGNORECASE), ("a", re.ASCII)) if form.flags & flag)
    return rf"{f'(?{flags})' if flags else ''}\A(?:{form.pattern})\Z"


def pointer(parent: str, name: str | int) -> str:
    """The JSON pointer (RFC 6901) of a member."""
    return f"{parent}/{str(name).replace('~', '~0').replace('/', '~1')}"


def fail(at: str, problem: str) -> InvalidStatement:
    """The error to raise; the pointer is cut, since names in it come from the client."""
    return InvalidStatement(at[:200], problem)


def _text_check(pattern: re.Pattern[str], problem: str, *, longest: int = 500_000) -> Check:
    def check(value: Any, at: str) -> None:
        if not isinstance(value, str) or len(value) > longest or not pattern.fullmatch(value):
            raise fail(at, problem)

    return check


uuid = _text_check(UUID_FORM, "is not a UUID in the form 8-4-4-4-12.")
iri = _text_check(IRI_FORM, f"is not an absolute IRI of at most {MAX_IRI} characters.", longest=MAX_IRI)
mailto = _text_check(MAILTO_FORM, "is not an address of the form mailto:name@host.", longest=MAX_IRI)
sha1 = _text_check(SHA1_FORM, "is not a SHA-1 sum in hexadecimal.")
sha2 = _text_check(SHA2_FORM, "is not a SHA-2 sum in hexadecimal.")
media_type = _text_check(MEDIA_TYPE_FORM, "is not an internet media type.", longest=255)
language = _text_check(LANGUAGE_FORM, "is not a language tag (RFC 5646).", longest=100)
duration = _text_check(DURATION_FORM, "is not an ISO 8601 duration such as PT2M30.5S.", longest=200)


def text(value: Any, at: str) -> None:
    if not isinstance(value, str):
        raise fail(at, "is not a string.")


def boolean(value: Any, at: str) -> None:
    if not isinstance(value, bool):
        raise fail(at, "is not true or false.")


def number(value: Any, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fail(at, "is not a number.")


def count(value: Any, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise fail(at, "is not a whole number from 0.")


def timestamp(value: Any, at: str) -> None:
    try:
        if not isinstance(value, str) or len(value) > 100:
            raise ValueError("not a timestamp")
        parse_timestamp(value)
    except (ValueError, OverflowError) as error:
        raise fail(at, "is not a timestamp such as 2027-03-12T09:30:00Z.") from error


def constant(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, str) or value not in allowed:
            raise fail(at, f"is not {' or '.join(allowed)}.")

    return check


def members(value: Any, at: str, checks: Mapping[str, Check], *, required: Collection[str] = ()) -> dict[str, Any]:
    """An object with the members that `checks` knows, each valid, and all that are required."""
    if not isinstance(value, dict):
        raise fail(at, "is not an object.")
    for name in required:
        if name not in value:
            raise fail(at, f"lacks {name}.")
    for name, member in value.items():
        check = checks.get(name)
        if check is None:
            raise fail(pointer(at, name), "is not a property known here (names are case-sensitive).")
        check(member, pointer(at, name))
    return value


def array_of(check: Check, *, least: int = 0) -> Check:
    """An array of at least `least` valid members."""

    def check_array(value: Any, at: str) -> None:
        if not isinstance(value, list):
            raise fail(at, "is not an array.")
        if len(value) < least:
            raise fail(at, "is empty.")
        for number_, member in enumerate(value):
            check(member, pointer(at, number_))

    return check_array


def language_map(value: Any, at: str) -> None:
    if not isinstance(value, dict):
        raise fail(at, "is not a language map.")
    for tag, words in value.items():
        language(tag, pointer(at, tag))
        text(words, pointer(at, tag))


def extensions(value: Any, at: str) -> None:
    """An object whose names are IRIs; the values are anybody's, null too."""
    if not isinstance(value, dict):
        raise fail(at, "is not an object.")
    for name in value:
        iri(name, pointer(at, name))
