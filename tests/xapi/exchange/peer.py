"""A record store to speak to: a real HTTP server with a small store of its own that can be told to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


@dataclass
class Peer:
    """`arrived` are the ids in the order in which they were stored, `requests` (method, path, body) as they came.

    `refuse` gives the status for a statement it does not want; `fail` the (status, headers) of every answer while set.
    `listed` are the statements it offers, `page` of them at a time.
    """

    url: str = ""
    arrived: list[str] = field(default_factory=list)
    bodies: dict[str, Json] = field(default_factory=dict)
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    refuse: Callable[[Json], int] = lambda _: 0
    fail: tuple[int, dict[str, str]] | None = None
    versions: tuple[str, ...] = ("1.0.3", "2.0.0")
    listed: list[Json] = field(default_factory=list)
    page: int = 2
    consistent_through: str = ""
    raw: str = ""
    more: str = ""

    @property
    def batches(self) -> list[list[str]]:
        """The ids of each POST."""
        return [[one["id"] for one in json.loads(body)] for method, _, body in self.requests if method == "POST"]


class _Handler(BaseHTTPRequestHandler):
    peer: Peer

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def _serve(self, body: bytes) -> None:
        self.peer.requests.append((self.command, self.path, body))
        self.peer.headers.append(dict(self.headers))
        if self.peer.fail is not None:
            status, headers = self.peer.fail
            return self._answer(status, {"detail": "out of order"}, headers)
        if self.path.endswith("/about"):
            return self._answer(200, {"version": list(self.peer.versions)})
        if self.command == "POST":
            return self._store(json.loads(body))
        return self._list()

    def _store(self, statements: list[Json]) -> None:
        for statement in statements:
            if status := self.peer.refuse(statement):
                return self._answer(status, {"detail": f"/{statement['id']}: not that one"})
        for statement in statements:
            if statement["id"] not in self.peer.bodies:
                self.peer.arrived.append(statement["id"])
            self.peer.bodies[statement["id"]] = statement
        return self._answer(200, [statement["id"] for statement in statements])

    def _list(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        since, start = query.get("since", ""), int(query.get("from", 0))
        found = [one for one in self.peer.listed if one["stored"] > since]
        end = start + self.peer.page
        more = f"/xapi/statements?since={since}&from={end}" if end < len(found) else ""
        headers = {"X-Experience-API-Consistent-Through": self.peer.consistent_through}
        if self.peer.raw:
            return self._answer(200, None, headers, text=self.peer.raw)
        return self._answer(200, {"statements": found[start:end], "more": self.peer.more or more}, headers)

    def _answer(self, status: int, body: Any, headers: Json | None = None, text: str = "") -> None:
        data = (text or json.dumps(body)).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def running_peer() -> Iterator[Peer]:
    peer = Peer()
    handler = type("Handler", (_Handler,), {"peer": peer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        peer.url = f"http://127.0.0.1:{server.server_port}/xapi/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown()
            thread.join()
