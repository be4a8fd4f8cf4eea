"""Sending a private file: whole or one range, by the web server where it can, never to be run by a browser."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags

CHUNK = 64 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# The readers for PDF that browsers bring along do not run in a sandbox.
_PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; frame-ancestors 'none'; sandbox"


@contextmanager
def removed_on_failure() -> Iterator[list[FieldFile]]:
    """Files that are put on the list leave the storage again when the block fails: a rolled back row takes none along.

    Goes around `transaction.atomic()`, so that a commit that fails counts too.
    """
    stored: list[FieldFile] = []
    try:
        yield stored
    except BaseException:
        for file in stored:
            with suppress(OSError):
                file.storage.delete(file.name or "")
        raise


def send_file(
    request: HttpRequest, file: FieldFile, *, content_type: str, filename: str, inline: bool, seconds: int = 0
) -> HttpResponseBase:
    """The file as a response that only the person himself may keep, for `seconds`.

    One byte range is honoured (RFC 9110, 14.2), with If-Range only of the same file; several, or a malformed one, get
    the whole file; one beyond it 416; who has it already (If-None-Match) 304. Raises Http404 when the file is gone.
    """
    by_web_server = _by_web_server(file)
    response = by_web_server or _by_us(request, file)
    response["Content-Type"] = content_type
    response["Content-Disposition"] = content_disposition_header(not inline, filename) or "attachment"
    response["Cache-Control"] = f"private, max-age={seconds}" if seconds else "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _PDF if inline and content_type == "application/pdf" else _SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    if by_web_server is None:  # else it says so itself, and twice is once too often
        response["Accept-Ranges"] = "bytes"
    return response


def is_delivered(response: HttpResponseBase) -> bool:
    """Whether an answer of `send_file` hands out the file or a piece of it: not one that says only that the reader has
    it already (304), or that there is no such piece (416). What a web server is told to send counts as sent."""
    return response.status_code in {200, 206}


def _by_web_server(file: FieldFile) -> HttpResponse | None:
    """An empty answer that tells the web server which file to send; None when it cannot."""
    response = HttpResponse()
    if settings.X_SENDFILE:
        response["X-Sendfile"] = quote(file.path)
        return response
    if not settings.ACCEL_REDIRECT_PREFIX:
        return None
    path = PurePosixPath(settings.ACCEL_REDIRECT_PREFIX) / str(file.name)
    response["X-Accel-Redirect"] = quote(str(path))
    return response


def _by_us(request: HttpRequest, file: FieldFile) -> HttpResponseBase:
    try:
        handle = file.storage.open(file.name or "", "rb")
    except OSError as error:
        raise Http404("The file is gone.") from error
    size = handle.size
    etag = _etag(file, size)
    if {etag, "*"} & set(parse_etags(request.headers.get("If-None-Match", ""))):
        handle.close()
        return HttpResponse(status=304, headers={"ETag": etag})
    response = _piece(request, handle, size, etag) or FileResponse(handle)
    response["ETag"] = etag
    return response


def _etag(file: FieldFile, size: int) -> str:
    """What is stored under a name never changes, and no name is given twice."""
    return f'"{hashlib.sha256(f"{file.name} {size}".encode()).hexdigest()[:32]}"'


def _piece(request: HttpRequest, handle: File[bytes], size: int, etag: str) -> HttpResponseBase | None:
    """The range that is asked for; None for the whole file."""
    wanted = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    span = wanted and _span(wanted[1], wanted[2], size)
    if not wanted or span is None or request.headers.get("If-Range", etag).strip() != etag:
        return None
    first, last = span
    if first > last:
        handle.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(_chunks(handle, first, last), status=206)
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Content-Length"] = str(last - first + 1)
    return response


def _span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a range, first > last when it cannot be met; None for one that says nothing."""
    if first:
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
        return (int(first), end) if int(first) < size else (1, 0)
    if not last:
        return None
    return (max(size - int(last), 0), size - 1) if int(last) and size else (1, 0)


def _chunks(handle: File[bytes], first: int, last: int) -> Iterator[bytes]:
    with handle:
        handle.seek(first, os.SEEK_SET)
        left = last - first + 1
        while left and (chunk := handle.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
