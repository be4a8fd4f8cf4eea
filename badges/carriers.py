"""What somebody hands in to be checked: PDF, PNG, SVG, JSON or a token; out comes the badge as text."""

import io
from dataclasses import dataclass
from itertools import islice

from pypdf import PdfReader
from pypdf.generic import EmbeddedFile

from badges import baking, jws
from lms.common.errors import DomainError

MAX_BYTES = 10_000_000
MAX_BADGE_BYTES = 400_000


class Unreadable(DomainError):
    """Nothing in it that could be a badge. The message says what was looked for."""

    code = "unreadable"
    status = 400


@dataclass(frozen=True, kw_only=True)
class Carried:
    """`kind` is a word for people: PDF, PNG, SVG, JSON, token, address."""

    kind: str
    text: str


def open_carrier(data: bytes) -> Carried:
    """Tells by the content, not by a name, what was handed in. Raises Unreadable and NotBaked."""
    if len(data) > MAX_BYTES:
        raise Unreadable("The file has more than 10 MB.")
    if baking.is_png(data):
        return Carried(kind="PNG", text=baking.from_png(data))
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return Carried(kind="PDF", text=_from_pdf(data))
    text = _text(data)
    if text.startswith("<"):
        return Carried(kind="SVG", text=baking.from_svg(data))
    if text.startswith("{"):
        return Carried(kind="JSON", text=text)
    if jws.looks_like(text):
        return Carried(kind="token", text=text)
    if text and len(text) <= 2_000 and not any(character.isspace() for character in text):
        return Carried(kind="address", text=text)
    raise Unreadable("This is no badge: neither PDF, PNG, SVG, JSON, a token nor an address.")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise Unreadable("This is no badge: neither PDF, PNG, SVG, JSON, a token nor an address.") from error


def _from_pdf(data: bytes) -> str:
    """The one JSON file attached to a PDF. Nothing is unpacked before it is known to be one: each of many attachments
    may unpack to the 75 MB that pypdf allows a stream."""
    try:
        reader = PdfReader(io.BytesIO(data))
        found = list(islice(filter(_may_be_badge, reader.attachment_list), 2))
        content = found[0].content if len(found) == 1 else b""
    except Exception as error:  # whatever pypdf's parsing runs into, in a file made by a stranger
        raise Unreadable("This PDF cannot be read.") from error
    if len(found) != 1:
        raise Unreadable(
            "No badge is attached to this PDF."
            if not found
            else "More than one badge is attached to this PDF: refused."
        )
    if len(content) > MAX_BADGE_BYTES:
        raise Unreadable("The badge attached to this PDF is too long.")
    return _text(content)


def _may_be_badge(attached: EmbeddedFile) -> bool:
    """By either of its names: that in the PDF's list of files, and its own."""
    names = (attached.name, attached.alternative_name or "")
    return any(name.lower().endswith((".json", ".jsonld", ".jwt")) for name in names)
