"""What a file is, by its content: which kinds are taken, and which of them a browser may show. Pure.

Names and what a sender says are not believed. Drawings (SVG) and pages (HTML) are taken, for logos and e-mail
templates, but never shown by a browser under our address: they only ever leave as downloads.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.core.files.base import File

from lms.assessments.formats.handed_in import document_extension
from lms.assessments.formats.media import sniff
from lms.assets.errors import BadFile
from lms.common import guards
from lms.common.archives import Limits, is_archive, open_archive

MAX_BYTES = 50_000_000
MAX_VIDEO_BYTES = 500_000_000
LIMITS = Limits(packed_bytes=MAX_BYTES, unpacked_bytes=400_000_000, ratio=200)
_HEAD = 64
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "odt": f"{_OPEN}.text",
    "ods": f"{_OPEN}.spreadsheet",
    "odp": f"{_OPEN}.presentation",
    "zip": "application/zip",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "txt": "text/plain",
    "csv": "text/csv",
    "html": "text/html",
}
# What a browser may show: it runs nothing of these.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
VIDEOS = frozenset({"video/mp4", "video/webm"})
SHOWN = PICTURES | VIDEOS | {"application/pdf"}
_PLAIN = ("txt", "csv", "html")
_ALIASES = {"jpeg": "jpg", "htm": "html", "m4v": "mp4"}
_CONTROLS = frozenset(range(32)) - set(b"\t\n\r\f")


@dataclass(frozen=True, kw_only=True)
class Content:
    """A file that is taken: under which name it is saved, and what it is."""

    filename: str
    media_type: str


def judge(file: File[bytes], name: str) -> Content:
    """What the file is. It is left at its beginning.

    Raises BadFile for an empty or too large file, a kind that is not taken, and content that is not what the name
    says; UnsafeInput for a hostile archive.
    """
    filename = guards.clean_name(name.replace("\\", "/").rpartition("/")[2])[-150:]
    said = PurePosixPath(filename).suffix.lower().removeprefix(".")
    said = _ALIASES.get(said, said)
    found = _kind(file, said)
    if not found or said not in MEDIA_TYPES:
        raise BadFile(f"Files of this kind are not taken. Choose one of: {', '.join(sorted(MEDIA_TYPES))}.")
    if found != said:
        raise BadFile(
            f"The file is called .{said}, but its content is that of a .{found}. Save it again and choose it."
        )
    return Content(filename=filename, media_type=MEDIA_TYPES[found])


def _kind(file: File[bytes], said: str) -> str:
    size = file.size or 0
    if not size:
        raise BadFile("The file is empty.")
    file.seek(0)
    head = file.read(_HEAD)
    video = _video(head)
    allowed = MAX_VIDEO_BYTES if video else MAX_BYTES
    if size > allowed:
        raise BadFile(f"The file has {size // 1_000_000} MB; at most {allowed // 1_000_000} MB are taken.")
    if video:
        file.seek(0)
        return video
    data = head + file.read()
    file.seek(0)
    return _of_bytes(data, said)


def _video(head: bytes) -> str:
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    return "mp4" if head[4:8] == b"ftyp" and not head[8:].startswith(b"M4A") else ""


def _of_bytes(data: bytes, said: str) -> str:
    if data.startswith(b"%PDF-"):
        return "pdf"
    if is_archive(data):
        archive = open_archive(data, LIMITS)
        is_document = "[Content_Types].xml" in archive or "mimetype" in archive
        return document_extension(archive) if is_document else "zip"
    medium = sniff(data) if said != "html" else None
    if medium is not None:
        return medium.extension if medium.extension in MEDIA_TYPES else ""
    return said if said in _PLAIN and _is_text(data) else ""


def _is_text(data: bytes) -> bool:
    if not data.strip() or _CONTROLS & set(data):
        return False
    try:
        guards.check_text(data.decode("utf-8"))
    except (UnicodeDecodeError, guards.UnsafeInput):
        return False
    return True
