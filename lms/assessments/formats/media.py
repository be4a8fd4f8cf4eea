"""Pictures and sounds that come with questions: known by their first bytes, never by their names."""

import base64
import hashlib
import io
import re
import warnings
from binascii import Error as NotBase64
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from PIL import Image

from lms.common.guards import UnsafeInput
from lms.common.xmltree import load_xml

MAX_MEDIUM_BYTES = 10_000_000
MAX_PIXELS = 40_000_000
PICTURES = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
CONTENT_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "m4a": "audio/mp4",
}
_DATA = re.compile(r"data:[\w/+.-]*(?:;[\w=.-]+)*?(;base64)?,(.*)", re.DOTALL)


@dataclass(frozen=True)
class Medium:
    """A file that questions show. Its digest is its name: the same file is kept once."""

    data: bytes
    extension: str
    width: int = 0
    height: int = 0

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.extension]

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def data_uri(self) -> str:
        return f"data:{self.content_type};base64,{base64.b64encode(self.data).decode()}"


def sniff(data: bytes) -> Medium | None:
    """The medium that the bytes are; None for what is neither picture nor sound, is broken, or too large."""
    if not data or len(data) > MAX_MEDIUM_BYTES:
        return None
    if data.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")):
        return Medium(data, "mp3")
    if data.startswith(b"OggS"):
        return Medium(data, "ogg")
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return Medium(data, "wav")
    if data[4:11] == b"ftypM4A":
        return Medium(data, "m4a")
    return _drawing(data) if data.lstrip()[:1] == b"<" else _picture(data)


def _picture(data: bytes) -> Medium | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(PICTURES)) as image:
                (width, height), kind = image.size, str(image.format)
                if width * height > MAX_PIXELS:
                    return None
                image.verify()
    except Exception:
        return None
    return Medium(data, PICTURES[kind], width, height)


def _drawing(data: bytes) -> Medium | None:
    """An SVG without scripts, handlers, links and foreign content. It is served inert all the same."""
    try:
        root = load_xml(data, max_bytes=1_000_000)
    except UnsafeInput:
        return None
    if root.name != "svg":
        return None
    for node in root.walk():
        if node.name.lower() in {"script", "foreignobject", "iframe", "embed", "object", "handler", "use", "image"}:
            return None
        if any(name.lower().startswith("on") or name.lower() == "href" for name in node.attributes):
            return None
    size = [_length(root.get(name)) for name in ("width", "height")]
    return Medium(data, "svg", *size)


def _length(text: str) -> int:
    found = re.match(r"\d{1,5}", text)
    return int(found[0]) if found else 0


def from_data_uri(text: str) -> bytes | None:
    """The bytes of a data: address; None when it is none."""
    found = _DATA.fullmatch(text)
    if found is None:
        return None
    try:
        return base64.b64decode(found[2], validate=False) if found[1] else unquote_to_bytes(found[2])
    except (NotBase64, ValueError):
        return None
