"""What kind of file people may hand in: known by its content, never by its name."""

from lms.tiers.services.errors import ActRefused

MAX_EVIDENCE_BYTES = 10_000_000
_MAGIC = {".pdf": b"%PDF-", ".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff"}


def suffix_of(content: bytes) -> str:
    """The suffix by which it is kept. Raises ActRefused for anything but a PDF, PNG or JPEG, and above 10 MB."""
    if len(content) > MAX_EVIDENCE_BYTES:
        raise ActRefused("The file is larger than 10 MB.")
    suffix = next((suffix for suffix, magic in _MAGIC.items() if content.startswith(magic)), None)
    if suffix is None:
        raise ActRefused("The file is no PDF, PNG or JPEG.")
    return suffix
