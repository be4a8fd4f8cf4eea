"""PDF objects written as they stand: reportlab's own dictionaries and arrays spend most of a page's time on names.

Values are PDF text (`/Name`, `<<…>>`, `[1 2]`), whole numbers, lists, and reportlab's objects. Names are
ours and plain.
Documents are `Any` here: reportlab's types leave this out.
"""

from typing import Any

from reportlab.pdfbase.pdfdoc import PDFObject, PDFString


class Dictionary(PDFObject):
    """A dictionary. May be filled further until the document is written."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members

    def __setitem__(self, name: str, value: Any) -> None:
        self.members[name] = value

    def format(self, document: Any) -> bytes:
        parts = "\n".join([f"/{name} {_text(value, document)}" for name, value in self.members.items()])
        return f"<<{parts}>>".encode("latin-1")


class Stream(PDFObject):
    """A stream with its content as it goes into the file: whoever makes it compresses it, once, and says so."""

    def __init__(self, members: dict[str, Any], content: bytes) -> None:
        self.members = members
        self.content = content

    def format(self, document: Any) -> bytes:
        head = Dictionary({**self.members, "Length": len(self.content)}).format(document)
        return head + b"\nstream\n" + self.content + b"\nendstream"


def _text(value: Any, document: Any) -> str:
    """A value as PDF syntax. Joined as text, a character a byte, and encoded once: that is a third of the time."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{' '.join([_text(member, document) for member in value])}]"
    return bytes(value.format(document)).decode("latin-1")


def string(text: str) -> PDFString:
    """Text for people, in whatever encoding PDF wants it."""
    return PDFString(text)
