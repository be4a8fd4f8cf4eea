"""What all formats of question files share: what they read from, what they yield, what they write."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from lms.assessments.formats.media import Medium
from lms.assessments.items.base import Content, Key
from lms.assessments.items.builders import ItemFields
from lms.common.archives import Archive, is_archive, open_archive
from lms.common.guards import UnsafeInput, check_text
from lms.common.xmltree import Node, load_xml

MAX_TEXT_BYTES = 1_500_000
MAX_BYTES = 20_000_000
LEVELS = ("remember", "understand", "apply", "analyse", "evaluate", "create")
_LEVEL, _OBJECTIVE = "level:", "objective:"


@dataclass(frozen=True, kw_only=True)
class Meta:
    """What is said about an item: its topic, tags, objective and cognitive level (one of LEVELS or empty)."""

    topic: str = ""
    tags: tuple[str, ...] = ()
    objective: str = ""
    level: str = ""

    @property
    def as_tags(self) -> list[str]:
        """Tags, level and objective as tags alone, for formats that know nothing else."""
        told = [(_LEVEL, self.level), (_OBJECTIVE, self.objective)]
        return [*self.tags, *(f"{name}{value}" for name, value in told if value)]

    @classmethod
    def from_tags(cls, topic: str, tags: Iterable[str]) -> "Meta":
        """The inverse of `as_tags`. Tags are in order and once each, whatever the file has."""
        plain, level, objective = set(), "", ""
        for tag in (" ".join(tag.split())[:300] for tag in tags):
            if tag.startswith(_LEVEL) and tag.removeprefix(_LEVEL) in LEVELS:
                level = tag.removeprefix(_LEVEL)
            elif tag.startswith(_OBJECTIVE):
                objective = tag.removeprefix(_OBJECTIVE).strip()
            elif tag:
                plain.add(tag[:50].strip())
        return cls(topic=topic, tags=tuple(sorted(plain)), objective=objective, level=level)


NO_META = Meta()


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """One question of a file that may make an item. `code` is its name in the bank; empty: made from its stem."""

    line: int
    fields: ItemFields
    title: str = ""
    code: str = ""
    meta: Meta = NO_META
    notes: tuple[str, ...] = ()
    media: dict[str, Medium] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One question of a file that makes no item, and why."""

    line: int
    reason: str
    title: str = ""
    source: str = ""


class Unreadable(Exception):
    """Raised while one question is read: the message becomes the reason of its refusal."""


Draw = Iterator[Drafted | Refused]


class Source:
    """A file as it was given: its bytes, and what they are as text, XML or archive, each found out once."""

    def __init__(self, data: bytes) -> None:
        """Raises UnsafeInput for more than 20 MB."""
        if len(data) > MAX_BYTES:
            raise UnsafeInput(f"The file has {len(data)} bytes; at most {MAX_BYTES} are read.")
        self.data = data
        self.memo: dict[str, Any] = {}  # what formats found out while they recognised the file

    @cached_property
    def archive(self) -> Archive | None:
        """The archive the file is, if it is one. Raises UnsafeInput for a hostile one."""
        return open_archive(self.data) if is_archive(self.data) else None

    @property
    def is_xml(self) -> bool:
        start = self.data[:200].removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
        return start.startswith((b"<?xml", b"<!DOCTYPE", b"<!--")) or (
            start.startswith(b"<") and start[1:2].isalpha() and b"xmlns" in self.data[:1000]
        )

    @cached_property
    def root(self) -> Node | None:
        """The root of the XML the file is, if it is some. Raises UnsafeInput for a hostile or broken one."""
        return load_xml(self.data) if self.is_xml and self.archive is None else None

    @cached_property
    def text(self) -> str:
        return self._decoded[0]

    @property
    def encoding(self) -> str:
        if self.archive is not None:
            return "zip"
        return "XML" if self.is_xml else self._decoded[1]

    @cached_property
    def _decoded(self) -> tuple[str, str]:
        return decode(self.data)


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding: UTF-8, UTF-16 by its mark, else windows-1252.

    Raises UnsafeInput for more than 1.5 MB and for what is no text.
    """
    if len(data) > MAX_TEXT_BYTES:
        raise UnsafeInput(f"The file has {len(data)} bytes; at most {MAX_TEXT_BYTES} are read.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return check_text(data.decode("utf-16", errors="replace")), "UTF-16"
    try:
        return check_text(data.decode("utf-8-sig")), "UTF-8"
    except UnicodeDecodeError:
        return check_text(data.decode("windows-1252", errors="replace")), "windows-1252"


def untitled(stem: str) -> str:
    """The code of a question without a title: the same for the same stem."""
    return f"untitled-{hashlib.sha256(stem.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One item to be written: its newest version, and how to get the bytes of a medium by its digest."""

    code: str
    meta: Meta
    type: str
    content: Content
    key: Key
    medium: Callable[[str], Medium | None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of one item in an export: `outcome` is exported, exported_with_loss or refused."""

    code: str
    type: str
    notes: tuple[str, ...] = ()
    is_refused: bool = False

    @property
    def outcome(self) -> str:
        return "refused" if self.is_refused else "exported_with_loss" if self.notes else "exported"


class Format(ABC):
    """One format. `name` is what commands call it, `label` what people do."""

    name: ClassVar[str]
    label: ClassVar[str]
    extension: ClassVar[str] = ""
    content_type: ClassVar[str] = "text/plain; charset=utf-8"

    @abstractmethod
    def recognises(self, source: Source) -> bool:
        """Whether the file is of this format, by its content. Asked in the order of the registry."""

    @abstractmethod
    def read(self, source: Source) -> Draw:
        """All questions of the file in its order; each is read by itself, so a broken one costs no other."""


class WritableFormat(Format):
    @abstractmethod
    def write(self, items: Sequence[Outgoing]) -> tuple[bytes, list[Told]]:
        """The file, and what became of each item."""
