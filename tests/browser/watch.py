"""A page that is watched: whatever goes wrong in it, or leaves for another host, fails the test that opened it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response


@dataclass
class Watch:
    """What went wrong in one page. `expected` are patterns of what the test provokes itself."""

    address: str
    expected: Sequence[str] = ()
    troubles: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"script error on {page.url}: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _note(self, trouble: str) -> None:
        if not any(re.search(pattern, trouble) for pattern in self.expected):
            self.troubles.append(trouble)

    def _console(self, message: ConsoleMessage) -> None:
        # "Failed to load resource" is said again, with the address, by the response or the failed request.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self._note(f"console on {message.location.get('url')}: {message.text}")

    def _failed(self, request: Request) -> None:
        # The browser aborts what a page had under way when it is left, and a navigation that becomes a download.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self._note(f"{request.method} {request.url} failed: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.request.method} {response.url} answered {response.status}")
        parts = urlsplit(response.url)
        if parts.scheme in {"http", "https"} and f"{parts.scheme}://{parts.netloc}" != self.address:
            self._note(f"the page asked another host: {response.url}")
