"""The words and texts of Moodle XML's elements."""

from lms.assessments.formats.drafts import Draft, Text
from lms.common.xmltree import Node

_FORMATS = {"html": "html", "moodle_auto_format": "moodle", "plain_text": "plain", "markdown": "markdown"}


def words_in(node: Node | None) -> str:
    """The words of an element on one line; empty without it."""
    return " ".join(node.words.split()) if node else ""


def element_html(draft: Draft, node: Node | None, default: str = "html") -> str:
    """The text of an element that has a format and a text."""
    if node is None:
        return ""
    written = _FORMATS.get(node.get("format"), default)
    inner = node.first("text")
    return draft.html(Text(text=(inner.words if inner else "").strip(), format=written))
