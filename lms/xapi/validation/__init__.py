"""Whether JSON is a statement, by the text of xAPI 1.0.3 (Data, part 2) and 2.0 (IEEE 9274.1.1)."""

from typing import Any

from lms.xapi.validation import values
from lms.xapi.validation.parts import check_agent_query
from lms.xapi.validation.reading import Sent, read_statement, read_statements
from lms.xapi.validation.statement import Version, check_batch, check_statement

__all__ = [
    "Sent",
    "Version",
    "check_agent_query",
    "check_batch",
    "check_iri",
    "check_statement",
    "read_statement",
    "read_statements",
]


def check_iri(value: Any) -> None:
    """A `verb` or `activity` parameter of a query. Raises InvalidStatement."""
    values.iri(value, "")
