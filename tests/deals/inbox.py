"""A CRM to speak to: a real HTTP server that keeps what it is sent and answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Inbox:
    """`answers` are the statuses of the next requests, then 204. `headers` go with every answer."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    inbox: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.inbox.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.inbox.answers.pop(0) if self.inbox.answers else 204)
        for name, value in self.inbox.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    inbox = Inbox()
    handler = type("Handler", (_Handler,), {"inbox": inbox})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        inbox.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            thread.join()
