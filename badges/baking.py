"""Badges inside pictures (Open Badges 3.0, 5.3): written by us, and read from whatever somebody uploads. Pure."""

import struct
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from lms.common.errors import DomainError

KEYWORD = b"openbadgecredential"
OLD_KEYWORD = b"openbadges"  # Open Badges 2.0, Baking
NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
MAX_TEXT_BYTES = 400_000
MAX_CHUNKS = 2_000
MAX_ELEMENTS = 50_000  # with their attributes; 10 MB of nothing else would take six seconds to parse
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ELEMENT = f"{{{NAMESPACE}}}credential"


class NotBaked(DomainError):
    """A picture without a badge in it, with two, or with one that cannot be read."""

    code = "not_baked"
    status = 400


def is_png(data: bytes) -> bool:
    return data.startswith(_SIGNATURE)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk. Raises NotBaked for a broken file; sums are checked."""
    at, count = len(_SIGNATURE), 0
    while at < len(data):
        count += 1
        head = data[at : at + 8]
        length = int.from_bytes(head[:4], "big")
        content = data[at + 8 : at + 8 + length]
        total = data[at + 8 + length : at + 12 + length]
        if len(head) < 8 or len(total) < 4 or count > MAX_CHUNKS:
            raise NotBaked("The PNG is cut off or has too many parts.")
        if zlib.crc32(head[4:] + content) != int.from_bytes(total, "big"):
            raise NotBaked("The PNG is damaged: a part does not fit its sum.")
        yield head[4:], content
        at += 12 + length
        if head[4:] == b"IEND":
            return
    raise NotBaked("The PNG has no end.")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bake_png(png: bytes, text: str, keyword: bytes = KEYWORD) -> bytes:
    """The picture with `text` in one uncompressed iTXt chunk, straight after the header; another is not left in."""
    out = [_SIGNATURE]
    for kind, content in _chunks(png):
        if kind == b"iTXt" and content.startswith(keyword + b"\0"):
            continue
        out.append(_chunk(kind, content))
        if kind == b"IHDR":
            out.append(_chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode()))
    return b"".join(out)


def from_png(data: bytes) -> str:
    """The badge of a baked PNG. Raises NotBaked: none, more than one, or more than MAX_TEXT_BYTES when unpacked."""
    found = [content for kind, content in _chunks(data) if kind == b"iTXt" and content.startswith(KEYWORD + b"\0")]
    if len(found) != 1:
        raise NotBaked(
            "There is no Open Badge 3.0 in this PNG." if not found else "There are two badges in this PNG: refused."
        )
    rest = found[0][len(KEYWORD) + 1 :]
    flag, _, after = rest[:1], rest[1:2], rest[2:]
    parts = after.split(b"\0", 2)
    if flag not in {b"\0", b"\1"} or len(parts) != 3:
        raise NotBaked("The badge in this PNG is not stored as the standard says.")
    text = parts[2] if flag == b"\0" else _inflated(parts[2])
    if len(text) > MAX_TEXT_BYTES:
        raise NotBaked("The badge in this PNG is too long.")
    return _decoded(text)


def _inflated(data: bytes) -> bytes:
    inflator = zlib.decompressobj()
    try:
        text = inflator.decompress(data, MAX_TEXT_BYTES + 1)
    except zlib.error as error:
        raise NotBaked("The badge in this PNG cannot be unpacked.") from error
    if not inflator.eof and len(text) <= MAX_TEXT_BYTES:
        raise NotBaked("The badge in this PNG cannot be unpacked.")
    return text


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise NotBaked("The badge is not text in UTF-8.") from error


def bake_svg(svg: str, text: str) -> str:
    """The drawing (one of ours) with `text`, a JSON document, in an element of the standard's namespace."""
    safe = text.replace("]]>", "]]\\u003e")  # only a JSON string can hold it, and there the two are the same
    head, _, tail = svg.partition(">")
    element = f"<openbadges:credential><![CDATA[{safe}]]></openbadges:credential>"
    return f'{head} xmlns:openbadges="{NAMESPACE}">{element}{tail}'


def from_svg(data: bytes) -> str:
    """The badge of a baked SVG. Raises NotBaked; the file is parsed without entities, and nothing of it is shown."""
    if data.count(b"<") + data.count(b"=") > MAX_ELEMENTS:
        raise NotBaked("This SVG has too many parts.")
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError) as error:
        raise NotBaked("This SVG cannot be read, or holds what is not accepted (a document type, entities).") from error
    found = list(root.iter(_ELEMENT))
    if len(found) != 1:
        raise NotBaked(
            "There is no Open Badge 3.0 in this SVG." if not found else "There are two badges in this SVG: refused."
        )
    return (found[0].get("verify") or found[0].text or "").strip()
