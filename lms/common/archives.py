"""The guard for zip archives from people: judged as a whole by their directory, counted while they are unpacked.

Nothing is ever unpacked to a disk, so no name can lead out of a folder; hostile names are refused all the same, because
an archive that has one was made to do harm.
"""

import io
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lms.common.guards import UnsafeInput

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_CHUNK = 65_536
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`ratio` is how many times its packed size an archive, or a file of more than 100 kB in it, may unpack to."""

    packed_bytes: int = 50_000_000
    unpacked_bytes: int = 100_000_000
    files: int = 2_000
    depth: int = 20
    name_length: int = 500
    ratio: int = 100


DEFAULT = Limits()


class Archive:
    """A judged zip archive. `names` are its files in the directory's order, folders left out."""

    def __init__(self, file: zipfile.ZipFile, names: tuple[str, ...], limits: Limits) -> None:
        self._file, self.names, self._limits = file, names, limits
        self._left = limits.unpacked_bytes

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def read(self, name: str, *, max_bytes: int | None = None) -> bytes:
        """The bytes of one file. All reads together may unpack so much as the limits allow, whatever headers say.

        Raises KeyError for a name that is not there and UnsafeInput for too much, damage or a wrong checksum.
        """
        if name not in self.names:
            raise KeyError(name)
        allowed = self._left if max_bytes is None else min(self._left, max_bytes)
        chunks, size = [], 0
        try:
            with self._file.open(name) as file:
                while chunk := file.read(_CHUNK):
                    size += len(chunk)
                    if size > allowed:
                        raise UnsafeInput(f"“{name[:60]}” unpacks to more than {allowed} bytes.")
                    chunks.append(chunk)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise UnsafeInput(f"“{name[:60]}” in the archive is damaged.") from error
        self._left -= size
        return b"".join(chunks)


def is_archive(data: bytes) -> bool:
    """Whether the bytes begin like a zip file."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def open_archive(data: bytes, limits: Limits = DEFAULT) -> Archive:
    """The archive, when its directory is harmless.

    Raises UnsafeInput for: too many bytes or files; names that are absolute, climb, hold a backslash, a drive, a
    control character or a device, are too long or too deep, or are another's once case and Unicode forms are levelled;
    links and special files; encryption and rare packing methods; entries that overlap; ratios of a bomb.
    """
    if len(data) > limits.packed_bytes:
        raise UnsafeInput(f"The archive has {len(data)} bytes; at most {limits.packed_bytes} are read.")
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
        entries = file.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, IndexError) as error:
        raise UnsafeInput("This is no zip archive, or it is damaged.") from error
    if len(entries) > limits.files:
        raise UnsafeInput(f"The archive has {len(entries)} entries; at most {limits.files} are read.")
    seen: set[str] = set()
    for entry in entries:
        _check_name(entry.orig_filename, limits)
        _check_kind(entry)
        level = unicodedata.normalize("NFKC", entry.filename).casefold().rstrip("/")
        if level in seen:
            raise UnsafeInput(f"Two entries of the archive are called “{entry.filename[:60]}”.")
        seen.add(level)
    _check_sizes(entries, len(data), limits)
    return Archive(file, tuple(entry.filename for entry in entries if not entry.is_dir()), limits)


def _check_name(name: str, limits: Limits) -> None:
    shown = f"The archive holds the name “{name[:60]!r}”"
    for form in (name, unicodedata.normalize("NFKC", name)):
        steps = form.rstrip("/").split("/")
        if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in form):
            raise UnsafeInput(f"{shown}, which has control characters.")
        if "\\" in form or ":" in steps[0] or form.startswith(("/", "~")):
            raise UnsafeInput(f"{shown}, which leads out of the archive.")
        if any(step in {"", ".", ".."} or step != step.strip() for step in steps):
            raise UnsafeInput(f"{shown}, which leads out of the archive.")
        if any(_DEVICE.fullmatch(step) for step in steps):
            raise UnsafeInput(f"{shown}, which is a device.")
        if len(form) > limits.name_length or any(len(step.encode("utf-8", "replace")) > 255 for step in steps):
            raise UnsafeInput(f"{shown}, which is too long.")
        if len(steps) > limits.depth:
            raise UnsafeInput(f"{shown}, which is more than {limits.depth} folders deep.")


def _check_kind(entry: zipfile.ZipInfo) -> None:
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise UnsafeInput(f"“{entry.filename[:60]}” in the archive is a link or a special file.")
    if entry.flag_bits & _ENCRYPTED:
        raise UnsafeInput("The archive is encrypted.")
    if entry.compress_type not in _METHODS:
        raise UnsafeInput(f"“{entry.filename[:60]}” is packed in a way that is not read.")


def _check_sizes(entries: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    """By what the directory says; what it hides is counted while unpacking."""
    total = sum(entry.file_size for entry in entries)
    if total > limits.unpacked_bytes:
        raise UnsafeInput(f"The archive unpacks to {total} bytes; at most {limits.unpacked_bytes} are read.")
    if sum(entry.compress_size for entry in entries) > size:
        raise UnsafeInput("Entries of the archive overlap.")
    for entry in entries:
        if entry.file_size > 100_000 and entry.file_size > limits.ratio * max(entry.compress_size, 1):
            raise UnsafeInput(f"“{entry.filename[:60]}” unpacks to more than {limits.ratio} times its size.")
