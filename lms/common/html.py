"""The one policy for HTML that people write. bleach cleans, nh3 is the second wall."""

import re

import bleach
import nh3
from django.utils.safestring import SafeString, mark_safe

from lms.common.mathml import replace_formulas

TEXT_TAGS = {"p", "br", "h2", "h3", "h4", "ul", "ol", "li", "pre", "blockquote", "hr"}
INLINE_TAGS = {"b", "strong", "i", "em", "code", "a", "sub", "sup"}
TABLE_TAGS = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = frozenset(TEXT_TAGS | INLINE_TAGS | TABLE_TAGS)
ATTRIBUTES: dict[str, list[str]] = {"a": ["href", "title"], "th": ["scope", "colspan"], "td": ["colspan"]}
PROTOCOLS = frozenset({"https", "mailto"})
_cleaner = bleach.Cleaner(tags=TAGS, attributes=ATTRIBUTES, protocols=PROTOCOLS, strip=True, strip_comments=True)
_NH3_ATTRIBUTES = {tag: set(names) for tag, names in ATTRIBUTES.items()}


def _without_foreign_hosts(tag: str, name: str, value: str) -> str | None:
    """Drops addresses like //host and /\\host, which browsers read as another site without naming a protocol."""
    return None if name == "href" and value.strip()[:1] in {"/", "\\"} and value.strip()[1:2] in {"/", "\\"} else value


def clean_html(text: str) -> SafeString:
    """Markup from a person, safe to show: the tags above, links to https and mailto only.

    bleach's `strip` leaves the text of a script element standing; nh3 parses the result anew and drops what is left.
    """
    once = _cleaner.clean(text)
    twice = nh3.clean(
        once,
        tags=set(TAGS),
        attributes=_NH3_ATTRIBUTES,
        attribute_filter=_without_foreign_hosts,
        url_schemes=set(PROTOCOLS),
        link_rel="noopener noreferrer",
    )
    return mark_safe(twice)  # noqa: S308  the policy above is what makes it safe


def plain_text(text: str) -> str:
    """The words of an HTML text, without any markup."""
    return nh3.clean(text, tags=set()).replace("&nbsp;", " ").strip()


# --- Questions: what above is allowed, and kept pictures and sounds, formulas, richer tables ---
ITEM_TAGS = TAGS | {"img", "audio", "u", "s", "dl", "dt", "dd", "caption", "tfoot", "figure", "figcaption", "bdi"}
ITEM_ATTRIBUTES: dict[str, list[str]] = {
    "a": ["href", "title"],
    "img": ["src", "alt", "width", "height"],
    "audio": ["src", "controls"],
    "th": ["scope", "colspan", "rowspan"],
    "td": ["colspan", "rowspan"],
    "ol": ["start", "type"],
    **{key: ["dir", "lang"] for key in ("p", "blockquote", "pre", "ul", "table", "bdi")},
}
MEDIA = re.compile(r"media:[0-9a-f]{64}")
_MARK = "\U0010f8f0{}\U0010f8f1"  # private characters: a text's own are removed first
_MARKS = re.compile("\U0010f8f0(\\d+)\U0010f8f1")
_SOURCELESS = re.compile(r"<img(?: (?:alt|width|height)=\"[^\"]*\")*>")  # what is left of a picture from elsewhere
_LEADING = re.compile(r"<pre( [^>]*)?>\n+")  # browsers drop the first line break, so the second would be next
_item_cleaner = bleach.Cleaner(
    tags=ITEM_TAGS,
    attributes=ITEM_ATTRIBUTES,
    protocols=PROTOCOLS | {"media"},
    strip=True,
    strip_comments=True,
)
_NH3_ITEM_ATTRIBUTES = {tag: set(names) for tag, names in ITEM_ATTRIBUTES.items()}


def _item_attribute(tag: str, name: str, value: str) -> str | None:
    """Sources are kept media and nothing else, sizes are numbers, and no formula's mark stands in an attribute."""
    value = _MARKS.sub("", value)
    if name == "src" or value.startswith("media:"):
        return value if MEDIA.fullmatch(value) else None
    if name in {"width", "height", "colspan", "rowspan", "start"}:
        return value if value.isascii() and value.isdigit() and len(value) <= 4 else None
    if name == "dir":
        return value if value in {"ltr", "rtl", "auto"} else None
    return _without_foreign_hosts(tag, name, value)


def clean_item_html(text: str) -> SafeString:
    r"""Markup of a question, safe to show: as `clean_html`, with kept media (`media:` and a digest) and formulas.

    Formulas in LaTeX (``\(...\)``, ``\[...\]``, ``$$...$$``) become MathML. MathML is rebuilt by us and put in after
    the cleaning, so no parser of HTML ever sees a person's MathML. Cleaning twice changes nothing.
    """
    formulas: list[str] = []

    def put(formula: str) -> str:
        formulas.append(formula)
        return _MARK.format(len(formulas) - 1)

    text = re.sub("[\U0010f8f0\U0010f8f1]", "", text)
    once = _item_cleaner.clean(replace_formulas(text, put))
    twice = nh3.clean(
        once,
        tags=set(ITEM_TAGS),
        attributes=_NH3_ITEM_ATTRIBUTES,
        attribute_filter=_item_attribute,
        url_schemes=set(PROTOCOLS) | {"media"},
        link_rel="noopener noreferrer",
    )
    twice = _LEADING.sub(r"<pre\1>", _SOURCELESS.sub("", twice))
    return mark_safe(_MARKS.sub(lambda found: formulas[int(found[1])], twice))  # noqa: S308  the policy makes it safe
