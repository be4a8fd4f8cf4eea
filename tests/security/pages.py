"""Walking the site as a person does: every address that a page names."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.security.matrix import MATRIX
from tests.security.world import World

STARTS = (
    "/",
    "/my/learning/",
    "/my/certificates/",
    "/catalogue/",
    "/account/",
    "/partners/",
    "/deals/",
    "/verify/",
    "/no/such/page/",
)
_NOT_FOLLOWED = ("/static/", "/admin/", "/accounts/logout/")
_MOST = 150
_QUERIES = 3


@dataclass
class Page:
    """One answer; `text` is empty for what is not text."""

    address: str
    status: int
    text: str
    headers: dict[str, str]

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "html.parser")


def address_of(world: World, key: str) -> str:
    """The address of a row of the matrix."""
    args, name = MATRIX[key].args(world), key.partition("#")[0]
    return reverse(name, args=args) if isinstance(args, list) else reverse(name, kwargs=args)


def read(client: Client, address: str, **headers: Any) -> Page:
    cache.clear()
    response = client.get(address, **headers)
    body = b"".join(response) if response.streaming else response.content
    is_text = re.match(r"text/|application/(?!pdf)", response.get("Content-Type", ""))
    text = body.decode("utf-8", "replace") if is_text else ""
    return Page(address, response.status_code, text, {name.lower(): value for name, value in response.items()})


def links(page: Page) -> Iterator[str]:
    """Own addresses a page leads to by link, source or GET form, and where it redirects."""
    found = [page.headers["location"]] if "location" in page.headers else []
    if page.headers.get("content-type", "").startswith("text/html"):
        for tag in page.soup.find_all(True):
            is_posted = tag.name == "form" and str(tag.get("method", "")).lower() == "post"
            found += [
                str(tag[name])
                for name in ("href", "src", "action", "poster", "hx-get")
                if tag.get(name) and not is_posted
            ]
    for one in found:
        address = urldefrag(urljoin(page.address, one)).url
        if not urlsplit(address).netloc and address.startswith("/") and not address.startswith(_NOT_FOLLOWED):
            yield address


def crawl(client: Client, starts: Iterable[str] = STARTS) -> dict[str, Page]:
    """Pages by address, breadth first; of one path with many queries (chips, pages) the first few."""
    waiting, pages, seen = list(dict.fromkeys(starts)), {}, Counter[str]()
    while waiting and len(pages) < _MOST:
        address = waiting.pop(0)
        path = urlsplit(address).path
        if address in pages or seen[path] == _QUERIES:
            continue
        seen[path] += 1
        pages[address] = read(client, address)
        waiting += links(pages[address])
    return pages


def posted_forms(page: Page) -> Iterator[tuple[str, dict[str, str]]]:
    """(address, fields as filled in) of the forms on a page that change something."""
    for form in page.soup.find_all("form"):
        if str(form.get("method", "")).lower() != "post":
            continue
        fields = {}
        for control in form.find_all(["input", "button", "select", "textarea"]):
            if isinstance(control, Tag) and control.get("name"):
                fields[str(control["name"])] = str(control.get("value", ""))
        yield urljoin(page.address, str(form.get("action") or page.address)), fields
