"""What can be wrong with a programme document, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """A document that is not a programme. `problems` lists everything found, in the order of the document."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class UnsupportedFeature(DocumentError):
    """A programme in good order that needs a rule which this engine does not have. It is refused, never guessed."""


def refuse(problems: Sequence[Problem]) -> None:
    """Raises when there are problems: UnsupportedFeature when a missing feature is all that is wrong."""
    if problems:
        raise (UnsupportedFeature if all(problem.is_unsupported for problem in problems) else DocumentError)(problems)
