"""Question files of other systems: read, judged item by item, and reported. Pure; writes nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lms.assessments import items
from lms.assessments.importers import drafts, gift
from lms.assessments.items.builders import ItemFields
from lms.common.guards import UnsafeInput, check_text

MAX_BYTES = 1_500_000
MAX_CODE = 100
MAX_TOPIC = 100


@dataclass(frozen=True, kw_only=True)
class ReadItem:
    """One question of a file: its fields when it makes an item, else the reason why not."""

    line: int
    title: str
    code: str = ""
    topic: str = ""
    fields: ItemFields | None = None
    digest: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding: UTF-8, UTF-16 by its mark, else windows-1252.

    Raises UnsafeInput for more than 1.5 MB and for what is no text.
    """
    if len(data) > MAX_BYTES:
        raise UnsafeInput(f"The file has {len(data)} bytes; at most {MAX_BYTES} are read.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return check_text(data.decode("utf-16", errors="replace")), "UTF-16"
    try:
        return check_text(data.decode("utf-8-sig")), "UTF-8"
    except UnicodeDecodeError:
        return check_text(data.decode("windows-1252", errors="replace")), "windows-1252"


def read_gift(text: str) -> Iterator[ReadItem]:
    """Each question of a GIFT file with a code of its own.

    The code is the title, or a digest of the stem. What repeats a code within the file, wording and all, is refused;
    with other wording it gets a number, the same at every import.
    """
    seen: dict[str, int] = {}
    lines: dict[tuple[str, str], int] = {}
    for question in gift.parse(text):
        title = question.title or _untitled(question)
        if isinstance(question, gift.Refused):
            yield ReadItem(line=question.line, title=title, reason=question.reason)
            continue
        try:
            fields, notes = drafts.from_gift(question)
            content, key = items.validated(fields["type"], fields["content"], fields["key"])
        except items.ItemInvalid as error:
            yield ReadItem(line=question.line, title=title, reason=error.message)
            continue
        code = question.title or f"untitled-{hashlib.sha256(content['stem'].encode()).hexdigest()[:10]}"
        digest = items.digest(fields["type"], content, key)
        first = lines.setdefault((code, digest), question.line)
        if first != question.line:
            yield ReadItem(line=question.line, title=title, reason=f"The same question stands in line {first}.")
            continue
        seen[code] = seen.get(code, 0) + 1
        if seen[code] > 1:
            notes.append(f"an earlier question has the same title: kept as “{_numbered(code, seen[code])}”")
        yield ReadItem(
            line=question.line,
            title=title,
            code=_numbered(code, seen[code]),
            topic=_topic(question.category),
            fields={"type": fields["type"], "content": content, "key": key},
            digest=digest,
            notes=tuple(notes),
        )


def _untitled(question: gift.Question | gift.Refused) -> str:
    if isinstance(question, gift.Refused):
        return "(no title)"
    words = " ".join(drafts.Draft().words(question.stem).split())
    return words if len(words) <= 60 else words[:59].rstrip() + "…"


def _numbered(code: str, number: int) -> str:
    """The code with its number, never longer than a code may be and never equal to another's."""
    suffix = f" ({number})" if number > 1 else ""
    if len(code) + len(suffix) > MAX_CODE:
        suffix = f" {hashlib.sha256(code.encode()).hexdigest()[:8]}{suffix}"
    return code[: MAX_CODE - len(suffix)] + suffix


def _topic(category: str) -> str:
    """The last step of a category path such as "$course$/top/Sizing"."""
    steps = [step.strip() for step in category.replace("//", "\0").split("/")]
    return steps[-1].replace("\0", "/")[:MAX_TOPIC] if steps else ""
