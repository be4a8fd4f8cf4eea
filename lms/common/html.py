"""The one policy for HTML that people write. bleach cleans, nh3 is the second wall."""

import bleach
import nh3
from django.utils.safestring import SafeString, mark_safe

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
