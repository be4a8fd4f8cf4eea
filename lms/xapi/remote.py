"""Speaking xAPI to another store: one page in, one batch out, and what its answers mean."""

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from lms.common.errors import DomainError
from lms.common.outgoing import TOTAL_SECONDS, Answer, Outgoing
from lms.xapi import vocabulary
from lms.xapi.exchange_models import RemoteStore
from lms.xapi.models import Attachment
from lms.xapi.multipart import Upload, boundary_of, read_parts, write_parts
from lms.xapi.services.attachments import attachments_of
from lms.xapi.timestamps import parse_timestamp

_SET_BY_STORE = ("stored", "authority", "version")
_LONGEST_WAIT = 3600
_PIECE = 64 * 1024
_SLOWEST_BYTES_PER_SECOND = 500_000
_REFUSALS_OF_CONTENT = {400, 403, 409, 413, 422}
_Parts = dict[str, msgspec.Raw]
_parts = msgspec.json.Decoder(_Parts)
_page = msgspec.json.Decoder(_Parts)
_list = msgspec.json.Decoder(list[msgspec.Raw])


class PeerFailure(DomainError):
    """The other store as a whole does not do its part now. `retry_after` are the seconds it asked for."""

    code = "peer_failure"
    status = 502

    def __init__(self, message: str, *, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """It understood and refused what was sent, for good. `is_forbidden`: by the key, not by the content."""

    reason: str
    is_forbidden: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of statements as texts. `consistent_through` is the other store's own clock."""

    statements: list[str]
    more: str
    consistent_through: datetime | None


class RemoteLrs:
    """One store, for one run by one thread. Use it as a context manager."""

    def __init__(self, peer: RemoteStore) -> None:
        self.base = peer.address.rstrip("/") + "/"
        self._http = Outgoing(key=peer.key, secret=peer.secret)
        self._version = peer.version
        self._files = ExitStack()

    def __enter__(self) -> Self:
        self._http.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()
        self._http.__exit__(kind, error, trace)

    def check(self) -> None:
        """Asks what it speaks, so that a wrong address is not taken for a refusal of every statement.

        Raises PeerFailure, Unreachable, ForbiddenAddress.
        """
        answer = self._ask("GET", "about")
        if answer.status != 200:
            raise _failure(answer)
        versions = _decoded(answer.body, msgspec.json.Decoder(dict[str, Any])).get("version")
        line = self._version.rpartition(".")[0]
        if not isinstance(versions, list) or not any(str(version).startswith(line) for version in versions):
            raise PeerFailure(f"It does not speak xAPI {self._version}.")

    def store(self, bodies: Sequence[str], files: Sequence[Attachment] = ()) -> Refusal | None:
        """Posts one batch, with the files of its attachments; None when it is stored, now or before.

        Raises PeerFailure, Unreachable, ForbiddenAddress.
        """
        text = f"[{','.join(bodies)}]"
        if not files:
            return self._stored(self._ask("POST", "statements", text.encode(), "application/json"), len(bodies))
        with tempfile.TemporaryFile() as whole:
            kind, pieces = write_parts(text, _files_to_send(bodies, files))
            whole.writelines(pieces)
            size = whole.tell()
            whole.seek(0)
            return self._stored(self._ask("POST", "statements", whole, kind, size), len(bodies))

    def _stored(self, answer: Answer, count: int) -> Refusal | None:
        if answer.status in _REFUSALS_OF_CONTENT:
            return Refusal(reason=f"{answer.status}: {_reason(answer)}", is_forbidden=answer.status == 403)
        if answer.status != 200:
            raise _failure(answer)
        if len(_decoded(answer.body, _list)) != count:
            raise PeerFailure("It answered without the ids of what it stored.")
        return None

    def page(self, *, since: str, more: str, limit: int) -> Page:
        """The statements stored after `since`, oldest first; with `more` the page of that address.

        Raises PeerFailure, also when `more` leads to another host; Unreachable, ForbiddenAddress.
        """
        self._files.close()
        if more:
            url = urljoin(self.base, more)
            if urlsplit(url)[:2] != urlsplit(self.base)[:2]:
                raise PeerFailure("Its next page is said to be on another host, where it is not looked for.")
        else:
            query = {"ascending": "true", "limit": str(limit)} | ({"since": since} if since else {})
            url = f"statements?{urlencode(query)}"
        answer = self._ask("GET", url)
        if answer.status != 200:
            raise _failure(answer)
        parts = _decoded(answer.body, _page)
        statements = _decoded(bytes(parts.get("statements", b"")), _list)
        return Page(
            statements=[bytes(statement).decode(errors="replace") for statement in statements],
            more=_decoded(bytes(parts.get("more", b'""')), msgspec.json.Decoder(str | None)) or "",
            consistent_through=_instant(answer.headers.get("x-experience-api-consistent-through")),
        )

    def files(self, statement_id: str) -> dict[str, Upload]:
        """The files that came with a statement, by SHA-2, each checked against it; good until the next page.

        Raises PeerFailure, also for more than fits in one answer; Unreachable, ForbiddenAddress, InvalidAttachment.
        """
        answer = self._ask("GET", f"statements?{urlencode({'statementId': statement_id, 'attachments': 'true'})}")
        if answer.status != 200:
            raise _failure(answer)
        kind = answer.headers.get("content-type", "")
        if not kind.lower().startswith("multipart/mixed"):
            return {}
        body, size = io.BytesIO(answer.body), len(answer.body)
        file = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  closed with the stack
        return read_parts(body.read, boundary_of(kind), file, max_json=size, max_bytes=size)[1]

    def _ask(self, method: str, path: str, content: bytes | IO[bytes] = b"", kind: str = "", size: int = 0) -> Answer:
        headers = {"X-Experience-API-Version": self._version, "Accept": "application/json, multipart/mixed"}
        if kind:
            headers["Content-Type"] = kind
        if size:
            headers["Content-Length"] = str(size)
        pieces = content if isinstance(content, bytes) else iter(lambda: content.read(_PIECE), b"")
        seconds = TOTAL_SECONDS + size / _SLOWEST_BYTES_PER_SECOND
        return self._http.send(method, urljoin(self.base, path), headers=headers, content=pieces, seconds=seconds)


def _files_to_send(bodies: Sequence[str], files: Sequence[Attachment]) -> Iterator[tuple[str, str, Iterator[bytes]]]:
    """Each file once, with the type that the first statement says it has."""
    kinds = {
        attachment["sha2"].lower(): attachment["contentType"]
        for body in reversed(bodies)
        for _, attachment in attachments_of(json.loads(body))
    }
    for file in files:
        with file.file.open("rb") as content:
            yield file.sha2, kinds.get(file.sha2, "application/octet-stream"), content.chunks()


def for_sending(body: str, *, is_persona_free: bool) -> str:
    """A stored statement as it is sent on: without what the other store sets itself, every value's text as it was.

    `is_persona_free` leaves out the persona and the team.
    """
    parts = _parts.decode(body)
    for name in _SET_BY_STORE:
        parts.pop(name, None)
    if is_persona_free and "context" in parts:
        _drop_persona(parts)
    return msgspec.json.encode(parts).decode()


def _drop_persona(parts: _Parts) -> None:
    context = _parts.decode(parts["context"])
    context.pop("team", None)
    if "extensions" in context:
        extensions = _parts.decode(context["extensions"])
        extensions.pop(vocabulary.PERSONA_EXTENSION, None)
        context["extensions"] = msgspec.Raw(msgspec.json.encode(extensions))
        if not extensions:
            del context["extensions"]
    parts["context"] = msgspec.Raw(msgspec.json.encode(context))
    if not context:
        del parts["context"]


def _decoded(data: bytes, decoder: "msgspec.json.Decoder[Any]") -> Any:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PeerFailure("It answered something that is not xAPI. Is the address right?") from error


def _failure(answer: Answer) -> PeerFailure:
    if 300 <= answer.status < 400:
        return PeerFailure(f"It answered {answer.status} and redirects, which is not followed. Is the address right?")
    waits = answer.headers.get("retry-after", "")
    seconds = min(int(waits), _LONGEST_WAIT) if waits.isascii() and waits.isdecimal() and len(waits) < 8 else 0
    return PeerFailure(f"It answered {answer.status}: {_reason(answer)}", retry_after=seconds)


def _reason(answer: Answer) -> str:
    """What the answer says, in at most 500 characters on one line."""
    text = answer.body[:4000].decode(errors="replace").replace("\x00", "")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if isinstance(body, Mapping):
        said = next((body[name] for name in ("detail", "message", "error", "errorId") if body.get(name)), text)
        text = said if isinstance(said, str) else json.dumps(said)
    return " ".join(text.split())[:500] or "nothing more"


def _instant(text: str | None) -> datetime | None:
    try:
        return parse_timestamp(text) if text else None
    except ValueError:
        return None
