"""What a badge of somebody else makes us fetch: the issuer's keys and list. Addresses here come from strangers.

https only, no address inside any private network (the connection goes to the address that was checked, so a name that
changes its mind gains nothing), at most three redirects and each of them checked anew, a size and a time for each
document, and a time for all of them: a slow issuer holds no worker for minutes.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from badges import documents, keys
from badges.keys import PublicKey
from badges.models import IssuerKey
from lms.common import guards
from lms.common.errors import DomainError
from lms.common.outgoing import Answer, ForbiddenAddress, Outgoing, Unreachable

MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
MAX_FETCHES = 6
SECONDS, SECONDS_IN_ALL = 6.0, 15.0
ACCEPT = (
    "application/vc, application/vc+jwt;q=0.9, application/ld+json, application/json;q=0.9, image/png, image/svg+xml"
)

Fetch = Callable[[str, int], bytes]
Clock = Callable[[], float]


class NotTrusted(DomainError):
    """The issuer, or a key of his, cannot be found out, or is not his."""

    code = "not_trusted"
    status = 400


def fetch(url: str, max_bytes: int) -> bytes:
    """What is at `url`. Raises ForbiddenAddress and Unreachable."""
    with Outgoing(is_public_only=True) as client:

        def send(hop: str, seconds: float) -> Answer:
            return client.send("GET", hop, headers={"Accept": ACCEPT}, max_bytes=max_bytes, seconds=seconds)

        return follow(url, send)


def follow(url: str, send: Callable[[str, float], Answer], clock: Clock = monotonic) -> bytes:
    """The body at `url` or at the end of at most MAX_REDIRECTS redirects, each of them https and sent for by `send`,
    which checks the address and ends after the seconds it is told: those that are left of SECONDS.

    Raises ForbiddenAddress and Unreachable.
    """
    ends = clock() + SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        if urlsplit(url).scheme != "https":
            raise ForbiddenAddress("Only addresses that begin with https:// are asked.")
        if (left := ends - clock()) <= 0:
            break
        answer = send(url, left)
        if answer.status not in _REDIRECTS:
            return _body(url, answer)
        url = urljoin(url, answer.headers.get("location", ""))
    raise Unreachable(f"{urlsplit(url).hostname} sends on and on.")


def _body(url: str, answer: Answer) -> bytes:
    if answer.status != 200:
        raise Unreachable(f"{urlsplit(url).hostname} answered with {answer.status}.")
    return answer.body


class Resolver:
    """Finds the keys of issuers for one verification, each document once, and no more than MAX_FETCHES in all; none is
    begun once SECONDS_IN_ALL are over."""

    def __init__(self, fetch: Fetch, clock: Clock = monotonic) -> None:
        self._fetch, self._left = fetch, MAX_FETCHES
        self._clock, self._ends = clock, clock() + SECONDS_IN_ALL
        self._documents: dict[str, dict[str, Any]] = {}

    def get(self, url: str, max_bytes: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise NotTrusted("The badge sends us to too many addresses.")
        if self._clock() > self._ends:
            raise NotTrusted("The addresses that the badge sends us to take too long to answer.")
        return self._fetch(url, max_bytes)

    def key(self, method: str, *, issuer: str) -> PublicKey:
        """The key named `method`, which must be one with which `issuer` may issue. Raises NotTrusted."""
        if method.startswith("#"):
            method = issuer + method
        did = method.partition("#")[0]
        if not did or did != issuer:
            raise NotTrusted("The badge was signed with a key that is not the issuer's.")
        if did == documents.issuer_did():
            return _own(method)
        if did.startswith("did:key:"):
            return _multikey(did.removeprefix("did:key:"))
        if did.startswith("did:web:"):
            return _listed(self._document(did), method)
        raise NotTrusted("The issuer is not named by did:web or did:key: his key cannot be found out here.")

    def _document(self, did: str) -> dict[str, Any]:
        if did not in self._documents:
            document = guards.load_json(self.get(did_web_url(did), 200_000), max_bytes=200_000)
            if not isinstance(document, dict) or document.get("id") != did:
                raise NotTrusted("The issuer's address holds the keys of somebody else.")
            self._documents[did] = document
        return self._documents[did]


def did_web_url(did: str) -> str:
    """Where the document of a did:web is (did:web method, 2.5.2). Raises NotTrusted."""
    host, *path = did.removeprefix("did:web:").split(":")
    name = unquote(host)
    if not name or any(mark in name for mark in "/@?#\\") or any(not part or part in {".", ".."} for part in path):
        raise NotTrusted("The issuer's name is not a did:web.")
    return f"https://{name}/{'/'.join(path) or '.well-known'}/did.json"


def _own(method: str) -> PublicKey:
    multibase = method.partition("#")[2].removeprefix("jwk-")
    if not IssuerKey.objects.filter(public_multibase=multibase).exists():
        raise NotTrusted("The badge was signed with a key that is not ours.")
    return keys.public_key(multibase)


def _multikey(multibase: str) -> PublicKey:
    try:
        return keys.from_multikey(multibase)
    except ValueError as error:
        raise NotTrusted("The issuer's key is of a kind that is not accepted here.") from error


def _listed(document: dict[str, Any], method: str) -> PublicKey:
    """The verification method of a DID document, if the issuer lists it as one to issue with."""
    did = document["id"]
    allowed = document.get("assertionMethod", [])
    listed = document.get("verificationMethod", [])
    inline = [one for one in allowed if isinstance(one, dict)]
    named = {_full(did, one) for one in allowed if isinstance(one, str)} | {_full(did, one.get("id")) for one in inline}
    found = [one for one in [*listed, *inline] if isinstance(one, dict) and _full(did, one.get("id")) == method]
    if len(found) != 1 or method not in named or found[0].get("controller") != did or "revoked" in found[0]:
        raise NotTrusted("The badge was signed with a key that the issuer does not list for issuing.")
    if "publicKeyMultibase" in found[0]:
        return _multikey(str(found[0]["publicKeyMultibase"]))
    try:
        return keys.from_jwk(found[0]["publicKeyJwk"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotTrusted("The issuer's key is of a kind that is not accepted here.") from error


def _full(did: str, name: Any) -> str:
    return f"{did}{name}" if str(name).startswith("#") else str(name)
