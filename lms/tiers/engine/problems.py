"""What can be wrong with a programme document, and where."""

from collections.abc import Sequence

from lms.common.documents import DocumentError, Path, Problem

__all__ = ["DocumentError", "Path", "Problem", "UnsupportedFeature", "refuse"]


class UnsupportedFeature(DocumentError):
    """A programme in good order that needs a rule which this engine does not have. It is refused, never guessed."""


def refuse(problems: Sequence[Problem]) -> None:
    """Raises when there are problems: UnsupportedFeature when a missing feature is all that is wrong."""
    if problems:
        raise (UnsupportedFeature if all(problem.is_unsupported for problem in problems) else DocumentError)(problems)
