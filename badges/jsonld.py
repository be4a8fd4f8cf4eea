"""JSON-LD with pinned contexts: canonical form for signatures, and the check that nothing would go unsigned."""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from pyld import jsonld
from pyld.canon import URDNA2015

from lms.common.errors import DomainError

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
CONTEXTS = [CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS]

# pyld keeps parsed contexts in caches of the process that two threads must not fill at once.
_one_at_a_time = Lock()
MAX_COMPARISONS = 200
MAX_ALIKE = 5
MAX_LEAVES = 2_000
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


class TooEntangled(DomainError):
    """A document that would take too long to bring into its canonical form."""

    code = "too_entangled"
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


class _Bounded(URDNA2015):
    """pyld's algorithm with an end: telling alike blank nodes apart costs factorials of how many there are, and a
    document of 3 kB can be made to cost minutes. Real badges have none, or a few, that are alike.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left = MAX_COMPARISONS

    def create_hash_to_related(self, id_: Any, issuer: Any) -> Any:
        found = super().create_hash_to_related(id_, issuer)
        self._left -= 1
        if self._left < 0 or any(len(group) > MAX_ALIKE for group in found.values()):
            raise TooEntangled("The document is made to be hard to read. It is refused.")
        return found


def canonical(document: dict[str, Any]) -> bytes:
    """RDF Dataset Canonicalization 1.0 (URDNA2015) as N-Quads in UTF-8.

    Raises UnknownContext and TooEntangled; pyld's own errors for what is not JSON-LD.
    """
    with _one_at_a_time:
        dataset = jsonld.to_rdf(document, {"documentLoader": _load, "produceGeneralizedRdf": False})
    quads: str = _Bounded().main(dataset, {"format": "application/n-quads"})
    return quads.encode()


def check_plain(document: Any) -> None:
    """For documents of strangers, before any processing: no keyword of JSON-LD but @context on top, so no context of
    their own further in, and no more than MAX_LEAVES values. Raises UndefinedTerm and TooEntangled.
    """
    left, waiting = MAX_LEAVES, [(document, True)]
    while waiting:
        value, is_top = waiting.pop()
        if isinstance(value, dict):
            if any(name.startswith("@") and not (is_top and name == "@context") for name in value):
                raise UndefinedTerm("The badge carries a context or another keyword of its own. It is refused.")
            waiting += [(member, False) for member in value.values()]
        elif isinstance(value, list):
            waiting += [(member, False) for member in value]
        left -= 1
        if left < 0:
            raise TooEntangled(f"The document holds more than {MAX_LEAVES} values. It is refused.")


def check_defined(document: dict[str, Any]) -> None:
    """Raises UndefinedTerm when a member would be dropped in processing: what comes back is not what went in."""
    options = {"documentLoader": _load}
    try:
        with _one_at_a_time:
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
