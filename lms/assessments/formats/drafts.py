"""From what a reader found to the texts of an item, with notes of what could not be kept, and the media that come."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import nh3

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.media import Medium, from_data_uri, sniff
from lms.assessments.items import builders, clean_text
from lms.common.html import ITEM_TAGS
from lms.common.mathml import is_formula

Resolve = Callable[[str], bytes | None]
# Without meaning of their own: taking them away loses nothing that is said.
_SILENT = {
    "span",
    "div",
    "font",
    "center",
    "wbr",
    "o:p",
    "tbody",
    "col",
    "colgroup",
    "small",
    "big",
    "label",
    "section",
}
_TAG = re.compile(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9:-]*)(?=[\s/>])")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MATH = re.compile(r"<math[\s>].*?</math\s*>", re.DOTALL | re.IGNORECASE)
_MARKDOWN = re.compile(r"(\*\*|__|`|^\s*[-*+] |^#+ |\]\(|(?<!\w)[*_]\w[^*_]*[*_](?!\w))", re.MULTILINE)
_MEDIA_TAG = re.compile(r"<(img|audio|source|video|a)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")
_AROUND = re.compile(rf"({_NUMBER})(?:\s*:\s*({_NUMBER}))?")


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words and their format: html, moodle (which may hold HTML), plain or markdown."""

    text: str
    format: str = "moodle"


NOTHING = Text(text="")


class Draft:
    """Collects the notes and the media while one question is turned into an item.

    `resolve` leads from an address in the file to the bytes that came with it.
    """

    def __init__(self, resolve: Resolve = lambda _: None) -> None:
        self.notes: list[str] = []
        self.media: dict[str, Medium] = {}
        self._resolve = resolve

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def html(self, source: Text | None) -> str:
        """Cleaned HTML of a text in any of the formats; notes what was lost, keeps the media it shows."""
        if source is None:
            return ""
        text = source.text
        if source.format == "html" or (source.format == "moodle" and is_html(text)):
            text = text.replace("\n", "<br>") if source.format == "moodle" else text
            text = _MEDIA_TAG.sub(self._with_media, _COMMENT.sub("", text))
            self._note_removed(text)
            return clean_text(text)
        if source.format == "markdown" and _MARKDOWN.search(text):
            self.note("Markdown is kept as plain text")
        return clean_text(builders.plain(text))

    def _note_removed(self, text: str) -> None:
        names = {name.lower() for name in _TAG.findall(_MATH.sub("", text))}
        if removed := sorted(names - ITEM_TAGS - _SILENT):
            self.note("markup removed: " + ", ".join(removed))

    def _with_media(self, found: re.Match[str]) -> str:
        """The tag with its medium kept, or with the words that stand for it."""
        name = found[1].lower()
        attributes = {key.lower(): html.unescape(value.strip("\"'")) for key, value in _ATTRIBUTE.findall(found[2])}
        address = attributes.get("href" if name == "a" else "src", "").strip()
        if name == "a":
            return self._link(found[0], address)
        if not address:
            if name == "img":
                self.note("a picture without an address was removed")
            return "" if name == "img" else found[0]
        medium = self.keep(address)
        if medium is None:
            alt = attributes.get("alt", "")
            return f"[{html.escape(alt)}]" if alt else ""
        if not medium.is_picture:
            return f'<audio controls src="media:{medium.digest}"></audio>'
        if not attributes.get("alt", "").strip():
            self.note(f"a picture has no alternative text: {address[:100]}")
        size = "".join(
            f' {key}="{attributes[key]}"' for key in ("width", "height") if attributes.get(key, "").isdigit()
        )
        return f'<img src="media:{medium.digest}" alt="{html.escape(attributes.get("alt", ""))}"{size}>'

    def _link(self, tag: str, address: str) -> str:
        """A link to a file that came along leads to the kept file; others stay when they are https or mailto."""
        if not address or address.startswith("https://") or address.lower().startswith("mailto:"):
            return tag
        is_elsewhere = ":" in address.partition("/")[0] and not address.startswith("data:")
        medium = None if is_elsewhere else self.keep(address)
        if medium is not None:
            return f'<a href="media:{medium.digest}">'
        self.note("links that are not https were removed")
        return "<a>"

    def keep(self, address: str) -> Medium | None:
        """The medium at an address in the file, kept; None when it did not come along or is of no kind we keep."""
        data = from_data_uri(address) if address.startswith("data:") else self._resolve(address)
        medium = sniff(data) if data else None
        if medium is not None:
            self.media[medium.digest] = medium
        elif data:
            self.note(f"a file is of a kind that is not kept: {address[:100]}")
        elif "://" in address:
            self.note(f"a file lies elsewhere and was not fetched: {address[:100]}")
        else:
            self.note(f"a file did not come along: {address[:100]}")
        return medium

    def words(self, source: Text) -> str:
        """The words alone, on one line: a pattern is compared with what is typed."""
        text = source.text
        if source.format == "html" or (source.format == "moodle" and is_html(text)):
            text = html.unescape(nh3.clean(text, tags=set()))
        return " ".join(text.split())


def is_html(text: str) -> bool:
    """Whether a text in Moodle's own format is HTML: it holds a tag that HTML knows, or a formula."""
    known = ITEM_TAGS | _SILENT | {"video", "source"}
    return any(name.lower() in known for name in _TAG.findall(text)) or is_formula(text)


def interval(text: str) -> tuple[Decimal, Decimal]:
    """ "1..5", "3.14:0.005" or "7" as the lowest and the highest right number. Raises Unreadable."""
    if found := _RANGE.fullmatch(text):
        return Decimal(found[1]), Decimal(found[2])
    if found := _AROUND.fullmatch(text):
        value, tolerance = Decimal(found[1]), Decimal(found[2] or 0)
        return value - tolerance, value + tolerance
    raise Unreadable(f"“{text[:60]}” is neither a number, a number with tolerance, nor a range.")


def number(text: str, what: str = "number") -> Decimal:
    """A number as files write it. Raises Unreadable."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise Unreadable(f"“{text.strip()[:60]}” is no {what}.") from None
    if not value.is_finite():
        raise Unreadable(f"“{text.strip()[:60]}” is no {what}.")
    return value
