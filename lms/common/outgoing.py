"""The one way out: HTTP to addresses that an administrator typed, without becoming a way in (server-side forgery).

Every request of ours to another system passes here. Names are resolved here and the connection goes to an address that
was checked, so a name that changes its mind between check and use gains nothing. Nothing is redirected, no proxy of
the environment is used, nothing is read beyond a size, and nothing takes longer than its time, however slowly the
other side drips.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpcore
import httpx
from django.conf import settings

from lms.common.errors import DomainError

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TOTAL_SECONDS = 30.0
MAX_ANSWER_BYTES = 25_000_000
_LONGEST_ADDRESS = 2000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds hand out their machines' keys: never a partner of ours, whatever the settings say.
_METADATA = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fd00:ec2::/32"))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(DomainError):
    """An address that nothing of ours connects to. The message says which rule it breaks."""

    code = "forbidden_address"
    status = 400


class Unreachable(DomainError):
    """The other side did not answer in time, in full, or at all."""

    code = "unreachable"
    status = 502


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_url(url: str) -> str:
    """Returns `url` when it has the form of one we may call. Raises ForbiddenAddress.

    http or https, a host, no user or password, no fragment. Where the host leads is checked on connecting.
    """
    try:
        parsed = httpx.URL(url)
        port = parsed.port
    except (httpx.InvalidURL, ValueError) as error:
        raise ForbiddenAddress("This is not a web address such as https://lrs.example.com/xapi/.") from error
    if len(url) > _LONGEST_ADDRESS or any(character <= " " for character in url):
        raise ForbiddenAddress("This is not a web address such as https://lrs.example.com/xapi/.")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ForbiddenAddress("The address must begin with https:// and name a host.")
    if parsed.userinfo or parsed.fragment or port == 0 or (port or 0) > 65535:
        raise ForbiddenAddress("The address must hold no user name, password or fragment.")
    return url


def _embedded(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64), which is where packets would end."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def check_address(text: str, *, is_encrypted: bool, is_public_only: bool = False) -> bool:
    """Whether the address is one of the networks that the setting OUTGOING_PRIVATE_NETWORKS names, which
    `is_public_only` takes away: for addresses that anybody may type in.

    Raises ForbiddenAddress for every other address that is not public (loopback, private, link-local, shared,
    multicast, reserved), for metadata services in any case, and for a public one without encryption.
    """
    address = _embedded(ipaddress.ip_address(text.partition("%")[0]))
    if any(address in network for network in _METADATA):
        raise ForbiddenAddress("The host leads to a metadata service, which nothing of ours may ask.")
    named = [] if is_public_only else settings.OUTGOING_PRIVATE_NETWORKS
    if any(address in ipaddress.ip_network(network) for network in named):
        return True
    if not address.is_global or address.is_multicast or address.is_reserved:
        raise ForbiddenAddress(
            "The host leads to an address inside a private network. "
            "If that is meant, name the network in OUTGOING_PRIVATE_NETWORKS."
        )
    if not is_encrypted:
        raise ForbiddenAddress("Outside of private networks the address must begin with https://.")
    return False


class _Clock:
    """When the present request must be over. Shared by the connections of one client, which is used by one thread."""

    def __init__(self) -> None:
        self.ends = 0.0

    def start(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds

    def left(self, wanted: float | None) -> float:
        """The time for one step. Raises httpcore.ReadTimeout when none is left."""
        rest = self.ends - time.monotonic()
        if rest <= 0:
            raise httpcore.ReadTimeout("the request took too long as a whole")
        return rest if wanted is None else min(wanted, rest)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step also ends with the request's time: one byte a second does not hold it open."""

    def __init__(self, stream: httpcore.NetworkStream, clock: _Clock) -> None:
        self._stream, self._clock = stream, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout))
        return _TimedStream(inner, self._clock)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _CheckedBackend(httpcore.NetworkBackend):
    """Resolves, checks every address found, and connects to the first of them: the one that was checked."""

    def __init__(self, clock: _Clock, *, is_public_only: bool) -> None:
        self._inner, self._clock = httpcore.SyncBackend(), clock
        self._is_public_only = is_public_only
        self.is_encrypted = True

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the host {host} is not known") from error
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            check_address(address, is_encrypted=self.is_encrypted, is_public_only=self._is_public_only)
        stream = self._inner.connect_tcp(addresses[0], port, self._clock.left(timeout), local_address, socket_options)
        return _TimedStream(stream, self._clock)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _CheckedTransport(httpx.BaseTransport):
    """httpx over a connection pool that asks `_CheckedBackend` for every connection."""

    def __init__(self, clock: _Clock, *, is_public_only: bool) -> None:
        self._backend = _CheckedBackend(clock, is_public_only=is_public_only)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=self._backend, max_connections=1
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._backend.is_encrypted = request.url.scheme == "https"
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(status_code=response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


class Outgoing:
    """A client for one thread and one other system. Use it as a context manager; connections are kept in between.

    `is_public_only` is for addresses that anybody may type in: no private network, whatever the settings name.
    """

    def __init__(self, *, key: str = "", secret: str = "", is_public_only: bool = False) -> None:
        self._clock = _Clock()
        self._client = httpx.Client(
            transport=_CheckedTransport(self._clock, is_public_only=is_public_only),
            auth=(key, secret) if key else None,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            headers={"Accept-Encoding": "identity", "User-Agent": "Laurel"},
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] = b"",
        max_bytes: int = MAX_ANSWER_BYTES,
        seconds: float = TOTAL_SECONDS,
    ) -> Answer:
        """One request. The answer may be any status, a redirect too: it is the caller's to judge.

        Content in pieces goes with the Content-Length that `headers` must hold then.

        Raises ForbiddenAddress before anything is connected to, and Unreachable for what did not come, not in time,
        compressed (we ask for it plain: a small answer stays small), or in more than `max_bytes`.
        """
        check_url(url)
        self._clock.start(seconds)
        try:
            with self._client.stream(method, url, headers=headers, content=content) as response:
                body = _read(response, max_bytes)
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{httpx.URL(url).host} did not answer: {reason[:200]}.") from error
        return Answer(status=response.status_code, headers=dict(response.headers), body=body)


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Unreachable("The answer is compressed, though it was asked for plain.")
    parts: list[bytes] = []
    size = 0
    for part in response.iter_raw():
        size += len(part)
        if size > max_bytes:
            raise Unreachable(f"The answer has more than {max_bytes} bytes.")
        parts.append(part)
    return b"".join(parts)
