"""What a file is, by its content: which kinds are taken, and which of them a browser may show. Pure.

Names and what a sender says are not believed. Drawings (SVG) and pages (HTML) are taken, for logos and e-mail
templates, but never shown by a browser under our address: they only ever leave as downloads.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.core.files.base import File

from lms.assessments.formats.handed_in import document_extension
from lms.assessments.formats.media import MAX_MEDIUM_BYTES, sniff
from lms.assets import refusals
from lms.assets.errors import BadFile
from lms.common import guards
from lms.common.archives import Archive, Limits, is_archive, open_archive

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
# What is known before a file is chosen.
TAKEN = (
    f"At most {MAX_BYTES // 1_000_000} MB, videos {MAX_VIDEO_BYTES // 1_000_000} MB, pictures"
    f" {MAX_MEDIUM_BYTES // 1_000_000} MB and {refusals.MEGAPIXELS} megapixels, drawings (SVG)"
    f" {refusals.MAX_DRAWING_BYTES // 1_000_000} MB and without scripts, links and symbols. Office files without macros"
    f" and passwords, text and CSV in UTF-8. Kinds: {', '.join(sorted(MEDIA_TYPES))}."
)
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
    says, with the reason and what to do; UnsafeInput for a hostile archive.
    """
    filename = guards.clean_name(name.replace("\\", "/").rpartition("/")[2])[-150:]
    said = PurePosixPath(filename).suffix.lower().removeprefix(".")
    said = _ALIASES.get(said, said)
    found = _kind(file, said)
    if found != said:
        raise BadFile(
            f"The file is called .{said}, but its content is that of a .{found}. Save it again and choose it."
        )
    return Content(filename=filename, media_type=MEDIA_TYPES[found])


def _kind(file: File[bytes], said: str) -> str:
    size = file.size or 0
    if not size:
        raise BadFile("The file is empty.")
    if said not in MEDIA_TYPES:
        raise BadFile(refusals.of_name(said, sorted(MEDIA_TYPES)))
    file.seek(0)
    head = file.read(_HEAD)
    video = _video(head)
    allowed = MAX_VIDEO_BYTES if video else MAX_BYTES
    if size > allowed:
        raise BadFile(f"{refusals.too_large('file', size, allowed)} Save it with smaller pictures, or in parts.")
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
        return _of_archive(open_archive(data, LIMITS), said)
    medium = sniff(data) if said != "html" else None
    found = medium.extension if medium is not None else ""
    if not found and said in _PLAIN and _is_text(data):
        return said
    if found not in MEDIA_TYPES:
        raise BadFile(refusals.of_content(data, said))
    return found


def _of_archive(archive: Archive, said: str) -> str:
    if "[Content_Types].xml" not in archive and "mimetype" not in archive:
        return "zip"
    found = document_extension(archive)
    if not found:
        raise BadFile(refusals.of_archive(archive, said))
    return found


def _is_text(data: bytes) -> bool:
    if not data.strip() or _CONTROLS & set(data):
        return False
    try:
        guards.check_text(data.decode("utf-8"))
    except (UnicodeDecodeError, guards.UnsafeInput):
        return False
    return True
