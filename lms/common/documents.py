"""Documents that people write as YAML text: read strictly, with the line of everything that stands in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import yaml

MAX_CHARACTERS = 500_000
MAX_DEPTH = 40
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_INTEGER = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_BOOLEAN = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_PLAIN = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"}
_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # the same language, ten times as fast

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it stands, and its line when the text is known."""

    path: Path
    message: str
    line: int | None = None
    is_unsupported: bool = False

    def __str__(self) -> str:
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).lstrip(".")
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{where}: {self.message}" if where else f"{place}{self.message}"


class DocumentError(Exception):
    """A document that cannot be used. `problems` lists everything found, in the order of the document."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Source:
    """A document and the line (from 1) of each of its values."""

    document: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int | None:
        """The line of a value; of one that is missing, the line of what it should stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def read_yaml(text: str) -> Source:
    """Parses YAML 1.1 without its surprises: numbers are exact decimals, dates stay text.

    Raises DocumentError with the line for what is not YAML, a key that stands twice, anchors and aliases, foreign
    tags, more than 40 levels or 500,000 characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentError(
            [Problem((), f"The text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read")]
        )
    try:
        _check_events(text)
        node = yaml.compose(text, _Loader)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise DocumentError([_complaint(text)]) from error
    lines: dict[Path, int] = {}
    return Source(_build(node, (), lines) if node is not None else None, lines)


def _complaint(text: str) -> Problem:
    """What is wrong in the words of the slower parser: it names what it found, and the line where a text ends."""
    try:
        for _ in yaml.parse(text, yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        return Problem((), f"This is not YAML: {error.problem}", _line(error.problem_mark))
    except yaml.YAMLError:
        return Problem((), "This is not YAML: it holds a character that may not stand there")
    return Problem((), "This is not YAML")


def _line(mark: Any) -> int | None:
    return None if mark is None else int(mark.line) + 1


def _check_events(text: str) -> None:
    """Counts levels and looks for anchors by events, before anything recursive sees them."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if getattr(event, "anchor", None) is not None:  # of an alias too
            problem = "Anchors and aliases are not read; write the rule out"
            raise DocumentError([Problem((), problem, _line(event.start_mark))])
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise DocumentError([Problem((), f"Nested more than {MAX_DEPTH} deep", _line(event.start_mark))])
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _build(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    line = _line(node.start_mark)
    if line is not None:
        lines[path] = line
    if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
        members: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in members:
                problem = Problem((*path, key), f"“{key}” stands twice", _line(key_node.start_mark))
                raise DocumentError([problem])
            members[key] = _build(value_node, (*path, key), lines)
        return members
    if isinstance(node, yaml.SequenceNode) and node.tag == _SEQUENCE:
        return [_build(member, (*path, index), lines) for index, member in enumerate(node.value)]
    return _scalar(node, path, line)


def _scalar(node: yaml.Node, path: Path, line: int | None) -> Any:
    text = str(node.value)
    if node.tag in _PLAIN:
        return text
    if node.tag == _BOOLEAN:
        return text.lower() in {"true", "yes", "on"}
    if node.tag == _NULL:
        return None
    if node.tag in {_INTEGER, _FLOAT}:
        try:
            number = Decimal(text.replace("_", ""))
            if number.is_finite() and abs(number.adjusted()) < 40:
                return int(number) if node.tag == _INTEGER else number
        except InvalidOperation:
            pass
        raise DocumentError([Problem(path, f"“{text[:40]}” is not a plain number", line)])
    raise DocumentError([Problem(path, f"The tag {node.tag} is not read", line)])
