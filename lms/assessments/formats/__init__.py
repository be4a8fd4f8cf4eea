"""Question files of other systems: read, judged item by item, reported, and written. Pure; touches no database."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lms.assessments import items
from lms.assessments.formats.aiken import Aiken
from lms.assessments.formats.base import (
    MAX_BYTES,
    NO_META,
    Drafted,
    Format,
    Meta,
    Outgoing,
    Refused,
    Source,
    Told,
    WritableFormat,
    decode,
    untitled,
)
from lms.assessments.formats.gift import Gift
from lms.assessments.formats.media import Medium
from lms.assessments.formats.moodle import MoodleXml
from lms.assessments.formats.qti import Qti12, Qti21, Qti30
from lms.assessments.formats.sheets import Csv, Xlsx
from lms.assessments.items.builders import ItemFields
from lms.common.guards import UnsafeInput, clean_name
from lms.common.html import plain_text

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "NO_META",
    "WRITABLE",
    "Format",
    "Medium",
    "Meta",
    "Outgoing",
    "ReadItem",
    "Source",
    "Told",
    "decode",
    "detect",
    "read_items",
]

# In the order in which a file is offered to them; GIFT takes every text that nobody else knows.
FORMATS: tuple[Format, ...] = (Xlsx(), Qti30(), Qti21(), Qti12(), MoodleXml(), Csv(), Aiken(), Gift())
WRITABLE: dict[str, WritableFormat] = {one.name: one for one in FORMATS if isinstance(one, WritableFormat)}
MAX_CODE = 100
MAX_TOPIC = 100


@dataclass(frozen=True, kw_only=True)
class ReadItem:
    """One question of a file: its fields when it makes an item, else the reason why not.

    `source` is the file inside an archive that it stands in; `line` its line there.
    """

    line: int
    title: str
    code: str = ""
    meta: Meta = NO_META
    fields: ItemFields | None = None
    digest: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""
    source: str = ""
    media: dict[str, Medium] = field(default_factory=dict)


def detect(source: Source) -> Format:
    """The format of a file, by its content alone. Raises UnsafeInput for a hostile file or one that nobody knows."""
    for one in FORMATS:
        if one.recognises(source):
            return one
    raise UnsafeInput("This is no question file that is read here. Its kind was looked for in its content.")


def read_items(source: Source, form: Format | None = None) -> Iterator[ReadItem]:
    """Each question of a file with a code of its own.

    The code is the title, or a digest of the stem. What repeats a code within the file, wording and all, is refused;
    with other wording it gets a number, the same at every import.
    """
    seen: dict[str, int] = {}
    places: dict[tuple[str, str], str] = {}
    for drafted in (form or detect(source)).read(source):
        if isinstance(drafted, Refused):
            title = drafted.title or "(no title)"
            yield ReadItem(line=drafted.line, title=title, reason=drafted.reason, source=drafted.source)
        else:
            yield _judged(drafted, seen, places)


def _judged(drafted: Drafted, seen: dict[str, int], places: dict[tuple[str, str], str]) -> ReadItem:
    fields, notes = drafted.fields, list(drafted.notes)
    title = drafted.title or _first_words(fields["content"]["stem"])
    refused: dict[str, Any] = {"line": drafted.line, "title": title, "source": drafted.source}
    try:
        content, key = items.validated(fields["type"], fields["content"], fields["key"])
    except items.ItemInvalid as error:
        return ReadItem(reason=error.message, **refused)
    code = clean_name(drafted.code) or untitled(content["stem"])
    digest = items.digest(fields["type"], content, key)
    if place := places.get((code, digest)):
        return ReadItem(reason=f"The same question stands in {place}.", **refused)
    places[code, digest] = f"line {drafted.line}" + (f" of {drafted.source}" if drafted.source else "")
    seen[code] = seen.get(code, 0) + 1
    if seen[code] > 1:
        notes.append(f"an earlier question has the same title: kept as “{_numbered(code, seen[code])}”")
    return ReadItem(
        line=drafted.line,
        title=title,
        code=_numbered(code, seen[code]),
        meta=drafted.meta,
        fields={"type": fields["type"], "content": content, "key": key},
        digest=digest,
        notes=tuple(notes),
        source=drafted.source,
        media=drafted.media,
    )


def _first_words(stem: str) -> str:
    words = " ".join(plain_text(stem).split())
    return words if len(words) <= 60 else words[:59].rstrip() + "…"


def _numbered(code: str, number: int) -> str:
    """The code with its number, never longer than a code may be and never equal to another's."""
    suffix = f" ({number})" if number > 1 else ""
    if len(code) + len(suffix) > MAX_CODE:
        suffix = f" {hashlib.sha256(code.encode()).hexdigest()[:8]}{suffix}"
    return code[: MAX_CODE - len(suffix)] + suffix
