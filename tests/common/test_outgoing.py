"""SSRF-01, 02, 03: nothing of ours connects where it must not, follows anybody, or waits for ever."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lms.common import outgoing
from lms.common.outgoing import ForbiddenAddress, Outgoing, Unreachable, check_address, check_url

LOOPBACK = ["127.0.0.0/8", "::1/128"]


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that hands each connection to `answer` after reading the head of its request."""
    heads: list[bytes] = []
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(0.2)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            try:
                guest, _ = door.accept()
            except TimeoutError:
                continue
            with guest:
                guest.settimeout(5)
                try:
                    heads.append(guest.recv(65536))
                    answer(guest)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}/", heads
    finally:
        is_over.set()
        thread.join()
        door.close()


def say(text: bytes) -> Callable[[socket.socket], None]:
    return lambda guest: guest.sendall(text)


OK = say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Thing: 1\r\n\r\nhi")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://lrs.example.com/",
        "//lrs.example.com/",
        "lrs.example.com/xapi",
        "https://",
        "https://key:secret@lrs.example.com/",
        "https://lrs.example.com@127.0.0.1/",
        "https://lrs.example.com/#part",
        "https://lrs.example.com:0/",
        "https://lrs.example.com:99999/",
        "https://lrs.example.com/\r\nHost: other",
        "https://[::1",
        "https://lrs.example.com/" + "a" * 2000,
        "",
    ],
)
def test_address_of_a_wrong_form_is_refused(url):
    with pytest.raises(ForbiddenAddress):
        check_url(url)


def test_address_of_a_right_form_is_returned():
    assert check_url("https://lrs.example.com:8443/xapi/") == "https://lrs.example.com:8443/xapi/"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",  # decimal
        "0x7f000001",  # hexadecimal
        "0177.0.0.1",  # octal
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # carriers' NAT
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "[64:ff9b::7f00:1]",  # NAT64 of loopback
        "[2002:7f00:1::]",  # 6to4 of loopback
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
    ],
)
def test_private_address_in_any_writing_is_refused_before_connecting(host, monkeypatch):
    """SSRF-01."""

    def connect(*_: object, **__: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr("httpcore.SyncBackend.connect_tcp", connect)
    with Outgoing() as http, pytest.raises(ForbiddenAddress):
        http.send("GET", f"https://{host}/")


def test_public_address_is_allowed_with_encryption_only():
    assert check_address("93.184.216.34", is_encrypted=True) is False
    with pytest.raises(ForbiddenAddress, match="https://"):
        check_address("93.184.216.34", is_encrypted=False)


def test_private_network_may_be_named_in_the_settings_and_metadata_never(settings):
    settings.OUTGOING_PRIVATE_NETWORKS = ["10.1.0.0/16", "169.254.0.0/16", "fd00::/8"]
    assert check_address("10.1.2.3", is_encrypted=False) is True
    for address in ("10.2.0.1", "169.254.169.254", "fd00:ec2::254", "127.0.0.1"):
        with pytest.raises(ForbiddenAddress):
            check_address(address, is_encrypted=True)


def test_one_private_address_among_several_refuses_the_host(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with Outgoing() as http, pytest.raises(ForbiddenAddress):
        http.send("GET", "https://two-faced.example/")


def test_connection_goes_to_the_address_that_was_checked(monkeypatch, settings):
    """SSRF-02: a name that answers differently the second time is asked once."""
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK
    asked = []
    resolve = socket.getaddrinfo

    def answer(host, port, *more, **options):
        if host == "rebinding.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return resolve(host, port, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with listening(OK) as (url, heads), Outgoing() as http:
        found = http.send("GET", url.replace("127.0.0.1", "rebinding.example"))
    assert (found.status, found.body, found.headers["x-thing"]) == (200, b"hi", "1")
    assert asked == ["rebinding.example"]
    assert b"Host: rebinding.example" in heads[0]


def test_redirect_is_an_answer_and_not_followed(settings):
    """SSRF-02."""
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK
    with listening(OK) as (inner, heads):
        redirect = say(f"HTTP/1.1 302 Found\r\nLocation: {inner}\r\nContent-Length: 0\r\n\r\n".encode())
        with listening(redirect) as (outer, _), Outgoing() as http:
            assert http.send("GET", outer).status == 302
        assert heads == []


def test_proxies_of_the_environment_are_not_used(settings, monkeypatch):
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK
    with listening(OK) as (proxy, heads), listening(OK) as (url, _):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
        with Outgoing() as http:
            http.send("GET", url)
        assert heads == []


def test_key_and_secret_are_sent_and_content_too(settings):
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK
    with listening(OK) as (url, heads), Outgoing(key="k", secret="ß") as http:
        http.send("POST", url, content=b"[]", headers={"X-Version": "1"})
    assert b"Authorization: Basic azrDnw==" in heads[0]
    assert b"X-Version: 1" in heads[0]


def flood(guest: socket.socket) -> None:
    guest.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        guest.sendall(b"x" * 65536)


def drip(guest: socket.socket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"y" * 1000:
        guest.sendall(bytes([byte]))
        time.sleep(0.05)


def many_headers(guest: socket.socket) -> None:
    guest.sendall(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(50_000)) + b"\r\n")


COMPRESSED = say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")


@pytest.mark.parametrize(
    "answer, reason",
    [
        (flood, "more than 1000 bytes"),
        (drip, "timed out|took too long"),
        (many_headers, "did not answer"),
        (COMPRESSED, "compressed"),
        (say(b"SSH-2.0-OpenSSH\r\n"), "did not answer"),
        (say(b""), "did not answer"),
    ],
)
def test_answer_without_end_or_sense_is_given_up(settings, answer, reason):
    """SSRF-03: endless, drop by drop, a bomb, too many headers."""
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK
    began = time.monotonic()
    with listening(answer) as (url, _), Outgoing() as http:
        with pytest.raises(Unreachable, match=reason):
            http.send("GET", url, max_bytes=1000, seconds=0.5)
        assert time.monotonic() - began < 30, "the drops alone would take 50"


def test_silence_ends_with_the_time(settings, monkeypatch):
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK
    monkeypatch.setattr(outgoing, "READ_SECONDS", 0.2)
    with listening(lambda _: time.sleep(1)) as (url, _), Outgoing() as http, pytest.raises(Unreachable):
        http.send("GET", url)


def test_unknown_host_and_closed_port_are_unreachable(settings, monkeypatch):
    settings.OUTGOING_PRIVATE_NETWORKS = LOOPBACK

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    with Outgoing() as http:
        with pytest.raises(Unreachable):
            http.send("GET", "http://127.0.0.1:9/")
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(Unreachable, match="not known"):
            http.send("GET", "https://nowhere.example/")
