"""Texts and e-mail templates as words to read and to copy. Pure: bytes in, words out; no markup of a file survives."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

from lms.assets.models import AssetVersion

READ = frozenset({"text/plain", "text/html"})
MAX_BYTES = 300_000
_SUBJECT = re.compile(r"\s*subject:[ \t]*([^\r\n]+)\r?\n", re.IGNORECASE)
_SILENT = {"script", "style", "template", "noscript", "svg", "math"}
_BLOCKS = frozenset(
    {"p", "div", "table", "tr", "ul", "ol", "blockquote", "section", "header", "footer", "article"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "form"}
)
_READ_TAGS = set(_BLOCKS) | {"br", "li", "td", "th", "img", "a", "title"}
_LINKS = {"https", "http", "mailto", "tel"}


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is pasted into a letter: its subject, empty when the file names none, and its words."""

    subject: str
    body: str


def can_be_read(version: AssetVersion | None) -> bool:
    """Whether its words can be shown: a text or a page that is not too long."""
    return version is not None and version.media_type in READ and version.size <= MAX_BYTES


def read_letter(content: bytes, media_type: str) -> Letter:
    """The words of a text or a page in UTF-8. The subject is a page's title, or a text's first line "Subject: …"."""
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    if media_type == "text/html":
        reader = _Reader()
        reader.feed(_well_formed(text))
        reader.close()
        return reader.letter
    found = _SUBJECT.match(text)
    return (
        Letter(subject=found[1].strip(), body=text[found.end() :].strip()) if found else Letter(subject="", body=text)
    )


def _well_formed(page: str) -> str:
    """What is read of a page, by a parser whose time grows with the page and that takes all there is in the wild."""
    return nh3.clean(
        page,
        tags=_READ_TAGS,
        clean_content_tags=_SILENT,
        attributes={"a": {"href"}, "img": {"alt"}},
        url_schemes=_LINKS,
        link_rel=None,
    )


class _Reader(HTMLParser):
    """Of a well-formed page: blocks become paragraphs, list items get a dash, links their address behind them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._title: list[str] = []
        self._words: list[str] = []
        self._is_title = False
        self._links: list[tuple[str, int]] = []  # the address, and where its words begin

    @property
    def letter(self) -> Letter:
        lines = [" ".join(line.split()) for line in "".join(self._words).split("\n")]
        body = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
        return Letter(subject=" ".join("".join(self._title).split()), body=body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._is_title = True
        elif tag == "br":
            self._words.append("\n")
        elif tag == "li":
            self._words.append("\n- ")
        elif tag in _BLOCKS:
            self._words.append("\n\n")
        elif tag in {"td", "th"}:
            self._words.append(" ")
        elif tag == "img":
            self._words.append(dict(attrs).get("alt") or "")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._words)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._is_title = False
        elif tag in _BLOCKS:
            self._words.append("\n\n")
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            if ":" in address and address not in "".join(self._words[start:]):
                self._words.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self._title.append(data)
        else:
            self._words.append(data.replace("\n", " "))
