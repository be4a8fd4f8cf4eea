"""JSON-LD with pinned contexts: canonical form for signatures, and the check that nothing would go unsigned."""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyld import jsonld

from lms.common.errors import DomainError

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
CONTEXTS = [CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS]

_FOLDER = Path(__file__).parent / "contexts"
_FILES = {
    CREDENTIALS_V2: (
        "credentials-v2.json",
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
    ),
    OPEN_BADGES: (
        "ob-v3p0-context-3.0.3.json",
        "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84",
    ),
    OPEN_BADGES_EXTENSIONS: (
        "ob-v3p0-extensions.json",
        "87c06c81bc2317663bf288d740d94fddd2818c4342b186270ff6371dfaa63f93",
    ),
}


class UnknownContext(DomainError):
    """A document names a context that is not pinned here; nothing is ever fetched."""

    code = "unknown_context"
    status = 400


class UndefinedTerm(DomainError):
    """A document says something its contexts do not define: a signature would not cover it."""

    code = "undefined_term"
    status = 400


@cache
def _context(url: str) -> dict[str, Any]:
    if url not in _FILES:
        raise UnknownContext(f"The context {url[:200]!r} is not one that badges here may use.")
    name, digest = _FILES[url]
    content = (_FOLDER / name).read_bytes()
    if sha256(content).hexdigest() != digest:
        raise UnknownContext(f"The file {name} is not the published context.")
    document: dict[str, Any] = json.loads(content)
    return document


def _load(url: str, options: object) -> dict[str, Any]:
    """pyld's document loader; `static` lets pyld keep the parsed context."""
    return {"contextUrl": None, "documentUrl": url, "document": _context(url), "tag": "static"}


def canonical(document: dict[str, Any]) -> bytes:
    """RDF Dataset Canonicalization 1.0 (URDNA2015) as N-Quads in UTF-8.

    Raises UnknownContext; pyld's own errors for what is not JSON-LD.
    """
    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _load}
    quads: str = jsonld.normalize(document, options)
    return quads.encode()


def check_defined(document: dict[str, Any]) -> None:
    """Raises UndefinedTerm when a member would be dropped in processing: what comes back is not what went in."""
    options = {"documentLoader": _load}
    try:
        returned = jsonld.compact(jsonld.expand(document, options), document["@context"], options)
    except jsonld.JsonLdError as error:
        if isinstance(error.__cause__, DomainError):
            raise error.__cause__ from error
        raise
    lost = _members(document) - _members(returned)
    if lost:
        raise UndefinedTerm(f"The contexts do not define {', '.join(sorted(lost))}.")


def _members(value: Any, path: str = "") -> set[str]:
    """Every path to a leaf with the leaf; lists of one are the same as their member."""
    if isinstance(value, dict):
        return {
            leaf for name, member in value.items() if name != "@context" for leaf in _members(member, f"{path}/{name}")
        }
    if isinstance(value, list):
        return {leaf for member in value for leaf in _members(member, path)}
    return {f"{path}={value}"}
