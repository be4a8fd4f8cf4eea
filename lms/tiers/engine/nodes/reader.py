"""Walks a document and notes every problem with its path instead of stopping at the first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from lms.tiers.engine.nodes.base import Node
from lms.tiers.engine.numbers import exact
from lms.tiers.engine.problems import Path, Problem

_ID = re.compile(r"[A-Za-z0-9_-]{1,60}\Z")
_EVERYWHERE = frozenset({"id", "label", "note"})


@dataclass
class Reader:
    """Reads typed values; a value that is wrong becomes a problem and a harmless stand-in."""

    kinds: Mapping[str, type[Node]]
    lines: Mapping[Path, int] = field(default_factory=dict)
    vocabulary: dict[str, frozenset[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    uses: dict[str, list[tuple[str, Path]]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def problem(self, path: Path, message: str, *, is_unsupported: bool = False) -> None:
        near = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines), None)
        self.problems.append(Problem(path, message, None if near is None else self.lines[near], is_unsupported))

    def mapping(
        self, value: Any, path: Path, *, required: frozenset[str] = frozenset(), optional: frozenset[str] | None = None
    ) -> Mapping[str, Any]:
        """A mapping with the required keys and, unless `optional` is None, no others than those two sets."""
        if not isinstance(value, Mapping):
            self.problem(path, "needs a mapping of names to values")
            return {}
        for name in sorted(required - value.keys()):
            self.problem(path, f"needs “{name}”")
        if optional is not None:
            for name in value.keys() - required - optional - _EVERYWHERE:
                self.problem((*path, name), f"“{name}” is not supported here", is_unsupported=True)
        return value

    def members(self, value: Any, path: Path) -> list[Any]:
        if not isinstance(value, list):
            self.problem(path, "needs a list")
            return []
        return value

    def text(self, value: Any, path: Path, *, default: str = "") -> str:
        if value is None:
            return default
        if not isinstance(value, str | int) or isinstance(value, bool):
            self.problem(path, "needs a text")
            return default
        return str(value)

    def slug(self, value: Any, path: Path, *, default: str = "") -> str:
        """An id: letters, digits, - and _."""
        text = self.text(value, path, default=default)
        if not _ID.match(text):
            self.problem(path, "needs an id of letters, digits, - and _")
        return text

    def number(self, value: Any, path: Path) -> Fraction:
        number = exact(value)
        if number is None:
            self.problem(path, "needs a number")
            return Fraction(0)
        return number

    def count(self, value: Any, path: Path) -> int:
        """A whole number from 1."""
        number = exact(value)
        if number is None or number.denominator != 1 or number < 1:
            self.problem(path, "needs a whole number from 1")
            return 1
        return int(number)

    def day(self, value: Any, path: Path) -> date:
        """A date, year-month-day."""
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.problem(path, "needs a date, year-month-day")
            return date.min

    def keep_as_words(self, name: str) -> None:
        """Notes something that is kept with the document and is no rule."""
        self.words.append(name)

    def flag(self, value: Any, path: Path) -> bool:
        if not isinstance(value, bool):
            self.problem(path, "needs true or false")
        return value is True

    def codes(self, members: Mapping[str, Any], path: Path) -> frozenset[str]:
        """Credentials: `any_of: [...]`, or `any_of_vocab: name` of the document's vocabulary."""
        if ("any_of" in members) == ("any_of_vocab" in members):
            self.problem(path, "needs either “any_of” or “any_of_vocab”")
            return frozenset()
        if "any_of_vocab" in members:
            given = members["any_of_vocab"]
            names = [
                self.text(name, (*path, "any_of_vocab")) for name in (given if isinstance(given, list) else [given])
            ]
            for name in names:
                if name not in self.vocabulary:
                    self.problem((*path, "any_of_vocab"), f"“{name}” is not in the vocabulary")
            return frozenset().union(*(self.vocabulary.get(name, frozenset()) for name in names))
        return self.code_list(members["any_of"], (*path, "any_of"))

    def code_list(self, value: Any, path: Path) -> frozenset[str]:
        """A list of at least one credential."""
        codes = self.members(value, path)
        if isinstance(value, list) and not codes:
            self.problem(path, "needs at least one credential")
        return frozenset(self.text(code, (*path, index)) for index, code in enumerate(codes))

    def node(self, value: Any, path: Path, id: str) -> Node:  # noqa: A002
        """One rule: a mapping with exactly one key that names its kind."""
        members = self.mapping(value, path)
        kinds = [name for name in members if name in self.kinds]
        if len(kinds) != 1:
            unknown = ", ".join(f"“{name}”" for name in members if name not in _EVERYWHERE) or "nothing"
            known = ", ".join(self.kinds)
            self.problem(path, f"needs exactly one rule; it has {unknown}. Known rules: {known}")
            return self.kinds["all"].read(self, {"all": []}, path, id)
        kind = self.kinds[kinds[0]]
        self.mapping(members, path, required=frozenset({kind.kind}), optional=kind.beside)
        own = self.slug(members["id"], (*path, "id")) if "id" in members else ""
        return kind.read(self, members, path, f"{id.rpartition('-')[0]}-{own}" if own else id)

    def nodes(self, value: Any, path: Path, id: str) -> tuple[Node, ...]:  # noqa: A002
        """A list of rules; each is called `<id>-<position>` unless it has an id of its own."""
        return tuple(
            self.node(member, (*path, index), f"{id}-{index + 1}")
            for index, member in enumerate(self.members(value, path))
        )

    def label(self, members: Mapping[str, Any], path: Path) -> str:
        return self.text(members.get("label"), (*path, "label"))

    def use(self, what: str, name: str, path: Path) -> None:
        """Notes that a rule refers to something that must be declared; checked when all has been read."""
        self.uses.setdefault(what, []).append((name, path))
