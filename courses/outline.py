"""An outline as values: what a page hands over to be frozen as a course version."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class LessonOutline:
    """`body` is a raw StreamField value: a list of {type, value, id}. `key` is the same in every version."""

    key: UUID
    slug: str
    title: str
    minutes: int
    body: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ModuleOutline:
    """`resources` are {title, text, url}. `key` is the same in every version."""

    key: UUID
    title: str
    objectives: tuple[str, ...] = ()
    lessons: tuple[LessonOutline, ...]
    resources: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A whole course: at least one lesson, lesson slugs and keys unique."""

    title: str
    promise: str
    objectives: tuple[str, ...] = ()
    modules: tuple[ModuleOutline, ...]

    @property
    def lessons(self) -> Iterator[LessonOutline]:
        return (lesson for module in self.modules for lesson in module.lessons)

    @property
    def minutes(self) -> int:
        return sum(lesson.minutes for lesson in self.lessons)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the outline in canonical JSON: equal outlines, equal digests."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()
