"""Files that people hand in as evidence: which kinds are taken, and whether one is what its name says."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from certifications.errors import BadFile
from lms.common import guards

MAX_BYTES = 20_000_000
_ZIP = (0, b"PK\x03\x04")
# Where the first bytes of each kind say what it is. Text says it by being text.
_SIGNS: dict[str, tuple[int, bytes]] = {
    "pdf": (0, b"%PDF-"),
    "png": (0, b"\x89PNG\r\n\x1a\n"),
    "jpg": (0, b"\xff\xd8\xff"),
    "jpeg": (0, b"\xff\xd8\xff"),
    "webp": (8, b"WEBP"),
    "mp4": (4, b"ftyp"),
    "webm": (0, b"\x1aE\xdf\xa3"),
    "docx": _ZIP,
    "pptx": _ZIP,
    "xlsx": _ZIP,
    "odp": _ZIP,
    "odt": _ZIP,
    "txt": (0, b""),
}
KINDS = tuple(_SIGNS)


@dataclass(frozen=True, kw_only=True)
class HandedFile:
    """A file as it was sent: `name` is its owner's."""

    name: str
    content: bytes


def checked(file: HandedFile) -> HandedFile:
    """The file with its name on one line. It is kept as it is and only ever sent as a download.

    Raises BadFile for more than 20 MB, an empty file, a kind that is not taken, and content that is not of that kind.
    """
    name = guards.clean_name(file.name.replace("\\", "/").rpartition("/")[2])[-150:]
    kind = PurePosixPath(name).suffix.lower().removeprefix(".")
    if kind not in _SIGNS:
        raise BadFile(f"Files of this kind are not taken. Hand in one of: {', '.join(KINDS)}.")
    if not file.content or len(file.content) > MAX_BYTES:
        raise BadFile(f"A file has at least one byte and at most {MAX_BYTES // 1_000_000} MB.")
    start, sign = _SIGNS[kind]
    if file.content[start : start + len(sign)] != sign or (kind == "txt" and not _is_text(file.content)):
        raise BadFile(f"The file is called .{kind}, but it is none. Save it again and choose the right one.")
    return HandedFile(name=name, content=file.content)


def _is_text(content: bytes) -> bool:
    try:
        guards.check_text(content.decode())
    except (UnicodeDecodeError, guards.UnsafeInput):
        return False
    return True
