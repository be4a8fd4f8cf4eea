"""Files that candidates hand in: known by their content, never by their names, and never anything a browser runs."""

import hashlib
from dataclasses import dataclass

from lms.assessments.formats.media import sniff
from lms.common.archives import Archive, Limits, is_archive, open_archive

_OFFICE = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
_OPEN = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
_LIMITS = Limits(packed_bytes=20_000_000, unpacked_bytes=200_000_000, ratio=200)
_CONTROLS = frozenset(range(32)) - set(b"\t\n\r\f")
PICTURES = ("png", "jpg", "gif", "webp")
# What a browser is told: a text is a text, whatever markup stands in it.
CONTENT_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "txt": "text/plain; charset=utf-8",
}
ANY_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """What the bytes of an answer are: `kind` as items ask for it, and the extension they are kept under."""

    kind: str
    extension: str
    digest: str


def judge(data: bytes) -> HandedIn | None:
    """The file that the bytes are; None for what is of no kind that is taken.

    Drawings with scripts in them (SVG) and pages (HTML) are of none; a text file may hold markup and stays a text.
    Documents with macros are of none either. Raises UnsafeInput for a hostile archive.
    """
    if data.startswith(b"%PDF-"):
        return _made("pdf", "pdf", data)
    if is_archive(data):
        extension = document_extension(open_archive(data, _LIMITS))
        return _made("document", extension, data) if extension else None
    medium = sniff(data)
    if medium is not None and medium.extension in PICTURES:
        return _made("picture", medium.extension, data)
    return _made("text", "txt", data) if medium is None and _is_text(data) else None


def _made(kind: str, extension: str, data: bytes) -> HandedIn:
    return HandedIn(kind=kind, extension=extension, digest=hashlib.sha256(data).hexdigest())


def document_extension(archive: Archive) -> str:
    """Which document of an office program the archive is; empty for one with macros and for none."""
    if any(name.lower().rpartition("/")[2].startswith("vbaproject") for name in archive):
        return ""
    if "mimetype" in archive:
        return _OPEN.get(archive.read("mimetype", max_bytes=200).strip(), "")
    if "[Content_Types].xml" not in archive:
        return ""
    return next((extension for name, extension in _OFFICE.items() if name in archive), "")


def _is_text(data: bytes) -> bool:
    if not data.strip() or _CONTROLS & set(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
