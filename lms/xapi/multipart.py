"""multipart/mixed (RFC 2046) in and out, as a stream: memory does not grow with the size or the number of parts."""

import hashlib
import io
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from django.utils.http import parse_header_parameters

from lms.xapi.errors import InvalidAttachment, TooLarge

MAX_PARTS = 1000
MAX_HEADER_BYTES = 8000
_CHUNK = 64 * 1024
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", re.ASCII)
_SHA2_BY_LENGTH = {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
Read = Callable[[int], bytes]


class Slice(io.RawIOBase):
    """A part of a file, read as a file of its own."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        self._file, self._start, self.size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self.size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The bytes of an attachment, on disk until the request is over; `sha2` was computed from them."""

    sha2: str
    content: Slice


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart/mixed body. Raises InvalidAttachment."""
    _, parameters = parse_header_parameters(content_type)
    boundary = parameters.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidAttachment("The Content-Type multipart/mixed has no valid boundary.")
    return boundary.encode("ascii")


class _Parts:
    """Splits a stream at its boundaries."""

    def __init__(self, read: Read, boundary: bytes) -> None:
        self._read = read
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # the first boundary may stand at the very beginning

    def _more(self) -> None:
        chunk = self._read(_CHUNK)
        if not chunk:
            raise InvalidAttachment("The multipart body ends before its closing boundary.")
        self._buffer += chunk

    def content(self) -> Iterator[bytes]:
        """What comes before the next boundary, in pieces; then the stream stands behind that."""
        while (found := self._buffer.find(self._delimiter)) < 0:
            keep = len(self._delimiter) - 1
            if len(self._buffer) > keep:
                yield self._buffer[:-keep]
                self._buffer = self._buffer[-keep:]
            self._more()
        yield self._buffer[:found]
        self._buffer = self._buffer[found + len(self._delimiter) :]

    def headers(self) -> dict[str, str] | None:
        """The headers of the part that begins here, names in lower case; None behind the last part."""
        while len(self._buffer) < 2:
            self._more()
        if self._buffer.startswith(b"--"):
            return None
        while (end := self._buffer.find(b"\r\n\r\n")) < 0 and len(self._buffer) < MAX_HEADER_BYTES:
            self._more()
        if not 0 <= end < MAX_HEADER_BYTES:
            raise InvalidAttachment("The headers of a part do not end.")
        first, *lines = self._buffer[:end].split(b"\r\n")
        if first.strip(b" \t"):
            raise InvalidAttachment("A boundary is followed by something else on its line.")
        self._buffer = self._buffer[end + 2 :]  # one line break stays: an empty part ends at once
        return dict(_header(line) for line in lines)

    def body(self) -> Iterator[bytes]:
        """The part's content. The line break that ends its headers is not part of it."""
        to_skip = 2
        for piece in self.content():
            skipped, to_skip = piece[to_skip:], max(0, to_skip - len(piece))
            if skipped:
                yield skipped


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.decode("latin-1").partition(":")
    if not colon or not name.strip():
        raise InvalidAttachment("A line among the headers of a part is no header.")
    return name.strip().lower(), value.strip()


def read_parts(
    read: Read, boundary: bytes, file: IO[bytes], *, max_json: int, max_bytes: int
) -> tuple[bytes, dict[str, Upload]]:
    """The statements' JSON of the first part, and the attachments of the others by their SHA-2.

    All attachments go to `file`, one behind the other, and are good as long as it is open. Raises InvalidAttachment for
    what is not multipart as xAPI wants it (also for more than MAX_PARTS), TooLarge.
    """
    parts = _Parts(read, boundary)
    for _ in parts.content():
        pass  # what stands before the first boundary means nothing
    headers = parts.headers()
    if headers is None or _media_type(headers) != "application/json":
        raise InvalidAttachment("The first part must be the statements, as application/json.")
    text = bytearray()
    for piece in parts.body():
        text += piece
        if len(text) > max_json:
            raise TooLarge(f"The statements have more than {max_json} bytes; so many are read at once.")
    uploads: dict[str, Upload] = {}
    total = 0
    while (headers := parts.headers()) is not None:
        if len(uploads) >= MAX_PARTS:
            raise InvalidAttachment(f"The request has more than {MAX_PARTS} attachments; send them in several.")
        upload = _read_upload(parts, headers, file, total, max_bytes)
        total += upload.content.size
        uploads[upload.sha2] = upload
    return bytes(text), uploads


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _read_upload(parts: _Parts, headers: Mapping[str, str], file: IO[bytes], start: int, max_bytes: int) -> Upload:
    if headers.get("content-transfer-encoding", "").lower() != "binary":
        raise InvalidAttachment("An attachment's part must have the header Content-Transfer-Encoding: binary.")
    sha2 = headers.get("x-experience-api-hash", "").lower()
    algorithm = _SHA2_BY_LENGTH.get(len(sha2))
    if algorithm is None:
        raise InvalidAttachment("An attachment's part must name its SHA-2 in the header X-Experience-API-Hash.")
    digest, size = hashlib.new(algorithm), 0
    for piece in parts.body():
        size += len(piece)
        if start + size > max_bytes:
            raise TooLarge(f"The attachments have more than {max_bytes} bytes; so many are read at once.")
        digest.update(piece)
        file.write(piece)
    if digest.hexdigest() != sha2:
        raise InvalidAttachment(f"An attachment's content does not have the SHA-2 {sha2[:64]} that its part names.")
    return Upload(sha2=sha2, content=Slice(file, start, size))


def write_parts(text: str, attachments: Iterable[tuple[str, str, Iterable[bytes]]]) -> tuple[str, Iterator[bytes]]:
    """The Content-Type and the stream of a multipart/mixed answer: JSON, then attachments (SHA-2, type, bytes)."""
    boundary = secrets.token_hex(24)

    def stream() -> Iterator[bytes]:
        yield f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()
        yield text.encode()
        for sha2, media_type, content in attachments:
            yield (
                f"\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Transfer-Encoding: binary\r\n"
                f"X-Experience-API-Hash: {sha2}\r\n\r\n"
            ).encode()
            yield from content
        yield f"\r\n--{boundary}--\r\n".encode()

    return f'multipart/mixed; boundary="{boundary}"', stream()
