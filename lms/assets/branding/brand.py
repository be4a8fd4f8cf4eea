"""What a partner prints on its copies: name, contact lines, two colours. Pure: words in, a checked value out."""

import re
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta, Struct

from lms.assets.branding.colours import READABLE, best_on, contrast
from lms.assets.branding.errors import BrandRefused
from lms.common.guards import clean_name

MAX_NAME, MAX_LINE, MAX_LINES, MAX_WEBSITE = 120, 120, 6, 200
_HEX = re.compile(r"#[0-9a-f]{6}")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)

_PARTS = ("path", "query", "fragment")
_URI = "/?:@!$&'()*+,;=-._~%"

Hex = Annotated[str, Meta(pattern=r"^#[0-9a-f]{6}\Z")]


class Brand(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A brand as it is printed, and as a copy keeps it. `logo` names the picture by the SHA-256 of its bytes; `country`
    (ISO 3166-1) tells whose drawing of Han characters a name wants."""

    name: str
    contact: tuple[str, ...] = ()
    website: str = ""
    primary: Hex
    on_primary: Hex
    country: str = ""
    logo: str = ""

    @property
    def contact_lines(self) -> tuple[str, ...]:
        """The contact lines, and the website as people write it."""
        website = self.website.removeprefix("https://").rstrip("/")
        return (*self.contact, website) if website else self.contact

    @property
    def link(self) -> str:
        """The website as a URI (RFC 3986): the host in ASCII, other signs as percent and digits."""
        parts = urlsplit(self.website)
        host = (parts.hostname or "").encode("idna").decode()
        return urlunsplit(parts._replace(netloc=host, **{name: quote(getattr(parts, name), _URI) for name in _PARTS}))


def make_brand(
    *,
    name: str,
    contact: Iterable[str] = (),
    website: str = "",
    primary: str,
    on_primary: str = "",
    country: str = "",
    logo: str = "",
) -> Brand:
    """A brand of what people typed. Without `on_primary` it is ink or white, whichever is read better.

    Raises BrandRefused, saying what to change; UnsafeInput for characters that cannot be stored.
    """
    name = clean_name(name)
    if not name or len(name) > MAX_NAME:
        raise BrandRefused(f"A name has 1 to {MAX_NAME} characters.")
    ground = _colour(primary)
    words = _colour(on_primary) if on_primary.strip() else best_on(ground)
    if contrast(words, ground) < min(READABLE, contrast(best_on(ground), ground)):
        raise BrandRefused(
            f"Words in {words} on {ground} have a contrast of {contrast(words, ground):.1f}:1 and cannot be read; it"
            f" needs {READABLE}:1. Leave the colour of words empty and we choose one that can."
        )
    return Brand(
        name=name,
        contact=_lines(contact),
        website=_website(website),
        primary=ground,
        on_primary=words,
        country=country,
        logo=logo,
    )


def read_brand(document: Any) -> Brand:
    """A brand as it was stored with a copy."""
    return msgspec.convert(document, Brand)


def as_document(brand: Brand) -> Any:
    """For storing, as JSON has it. `read_brand` gives the same brand again."""
    return msgspec.json.decode(msgspec.json.encode(brand))


def _lines(contact: Iterable[str]) -> tuple[str, ...]:
    lines = tuple(line for line in map(clean_name, contact) if line)
    if len(lines) > MAX_LINES:
        raise BrandRefused(f"At most {MAX_LINES} contact lines are printed; these are {len(lines)}.")
    if any(len(line) > MAX_LINE for line in lines):
        raise BrandRefused(f"A contact line has at most {MAX_LINE} characters.")
    return lines


def _colour(text: str) -> str:
    colour = text.strip().lower()
    colour = colour if colour.startswith("#") else f"#{colour}"
    if not _HEX.fullmatch(colour):
        raise BrandRefused(f"“{text[:20]}” is no colour: write it as #rrggbb, for example #1d4f91.")
    return colour


def _website(text: str) -> str:
    """An https address without a name, a password or a port in it, scheme and host in small letters; "example.com" is
    enough. Hosts stay as people read them: `Brand.link` has them as machines do."""
    text = clean_name(text)
    if not text:
        return ""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
        shown = parts.hostname or ""
        host = shown.encode("idna").decode()
    except ValueError as error:
        raise BrandRefused("The website is no address: write it as https://example.com.") from error
    is_plain = parts.scheme == "https" and "@" not in parts.netloc and ":" not in parts.netloc
    if not is_plain or not _HOST.fullmatch(host) or len(address) > MAX_WEBSITE or " " in address:
        raise BrandRefused("The website must be an https address, such as https://example.com.")
    if host != shown and host.encode().decode("idna") != shown:  # IDNA 2003 makes another host of ß and a few more
        raise BrandRefused("This host cannot be linked as it is written: write it in its form for machines, xn--….")
    return f"https://{shown}{address[len('https://') + len(parts.netloc) :]}"
