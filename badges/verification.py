"""Whether a badge is genuine and holds today: the proof first, then what must be fetched, and every doubt a no."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils.dateparse import parse_datetime
from pyld.jsonld import JsonLdError

from badges import documents, jsonld, jws, outside, proofs, standing, statuslist
from badges.baking import NotBaked
from badges.carriers import Unreadable, open_carrier
from badges.models import Award
from badges.outside import Fetch, NotTrusted, Resolver
from badges.standing import Standing
from lms.common import guards
from lms.common.errors import DomainError

_BADGE_TYPES = {"OpenBadgeCredential", "AchievementCredential"}
_MAX_LIST_BYTES = 1_000_000
_FAR = 2**53
_WRONG = (DomainError, JsonLdError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)


class Refused(DomainError):
    """The badge is not what it claims to be, or not any more; the message is the verdict."""

    code = "refused"
    status = 400


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The verdict in one sentence; what was checked before it; `award` when the badge is known here."""

    is_valid: bool
    words: str
    award: Award | None = None
    steps: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def verify(data: bytes, *, at: datetime, fetch: Fetch = outside.fetch) -> Verification:
    """Judges whatever holds a badge: PDF, PNG, SVG, JSON, a token, or an address (id) where one of these is.

    Never raises: what cannot be read, found out or fetched is not valid, and the words say why.
    """
    try:
        carried = open_carrier(data)
        step = f"Read as {carried.kind}."
        if carried.kind == "address":
            carried, step = _behind(carried.text, fetch)
    except _WRONG as error:
        return Verification(is_valid=False, words=_words(error))
    if jws.looks_like(carried.text):
        verdict = verify_token(carried.text, at=at, fetch=fetch)
    else:
        verdict = _verify_json(carried.text, at, fetch)
    return Verification(
        is_valid=verdict.is_valid,
        words=verdict.words,
        award=verdict.award,
        steps=(step, *verdict.steps),
        facts=verdict.facts,
    )


def _behind(address: str, fetch: Fetch) -> tuple[Any, str]:
    """What is at an address or is named by an id. Ours comes from the record, without a request to ourselves."""
    award = named(address)
    if award is not None:
        return open_carrier(documents.as_text(award.document).encode()), "Found on our record."
    if not address.startswith("https://"):
        raise Unreadable("No badge here has this number. An address begins with https://.")
    if address.startswith(f"{settings.SITE_URL}/"):
        raise Unreadable("No badge of ours has this address.")
    carried = open_carrier(fetch(address, _MAX_LIST_BYTES))
    if carried.kind == "address":
        raise Unreadable("There is no badge at this address.")
    return carried, f"Fetched, and read as {carried.kind}."


def named(text: str) -> Award | None:
    """The award with this public id, or at this address of ours, or of the certificate with this number."""
    name = text.removeprefix("urn:uuid:")
    if text.startswith(f"{settings.SITE_URL}/"):
        name = text.rstrip("/").rpartition("/")[2].partition(".")[0]
    elif "/" in text or ":" in name:
        return None
    found = Award.objects.whole()
    try:
        return found.filter(public_id=UUID(name)).first()
    except ValueError:  # no badge's number; a certificate's is letters, digits, - and _
        is_number = name.isascii() and name.isprintable()
        return found.filter(credential__public_id=name[:64]).first() if is_number else None


def _verify_json(text: str, at: datetime, fetch: Fetch) -> Verification:
    try:
        document = guards.load_json(text.encode(), max_bytes=jws.MAX_CHARACTERS)
    except guards.UnsafeInput as error:
        return Verification(is_valid=False, words=error.message)
    return verify_document(document, at=at, fetch=fetch)


def verify_document(document: Any, *, at: datetime, fetch: Fetch = outside.fetch) -> Verification:
    """Judges a badge with a Data Integrity proof. Never raises."""
    resolver = Resolver(fetch)
    try:
        _check_shape(document)
        check_proof(document, resolver)
    except _WRONG as error:
        return Verification(is_valid=False, words=_words(error))
    return _judged(document, resolver, at)


def verify_token(token: str, *, at: datetime, fetch: Fetch = outside.fetch) -> Verification:
    """Judges a badge as VC-JWT (EdDSA, ES256, RS256). Never raises."""
    resolver = Resolver(fetch)
    try:
        document = check_token(token, resolver)
        _check_shape(document)
    except _WRONG as error:
        return Verification(is_valid=False, words=_words(error))
    return _judged(document, resolver, at)


def _words(error: Exception) -> str:
    return error.message if isinstance(error, DomainError) else "This is not a badge that can be read."


def _check_shape(document: Any) -> None:
    if not isinstance(document, dict) or not _BADGE_TYPES & set(_listed(document.get("type"))):
        raise Refused("This is not an Open Badge 3.0.")
    _check_contexts(document, {jsonld.CREDENTIALS_V2, jsonld.OPEN_BADGES})


def _check_contexts(document: dict[str, Any], wanted: set[str]) -> None:
    """Names of pinned contexts only: an inline one could give every word of a badge another meaning."""
    contexts = document.get("@context")
    named = contexts if isinstance(contexts, list) else []
    if (
        not all(isinstance(one, str) for one in named)
        or not wanted <= set(named)
        or not set(named) <= set(jsonld.CONTEXTS)
        or named[0] != jsonld.CREDENTIALS_V2
    ):
        raise Refused("The badge names contexts that are not those of Open Badges 3.0.3.")
    jsonld.check_plain({name: member for name, member in document.items() if name != "proof"})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def issuer_of(document: dict[str, Any]) -> str:
    issuer = document.get("issuer")
    return str(issuer.get("id") if isinstance(issuer, dict) else issuer)


def check_proof(document: dict[str, Any], resolver: Resolver) -> None:
    """Raises Refused, NotTrusted, UndefinedTerm or UnknownContext unless the issuer's key signed all of it."""
    listed = _listed(document.get("proof"))
    if len(listed) != 1 or not isinstance(listed[0], dict):
        raise Refused("The badge does not carry exactly one proof.")
    proof = listed[0]
    if proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != proofs.SUITE:
        raise Refused(f"The proof is not of the kind {proofs.SUITE}.")
    if proof.get("proofPurpose") != "assertionMethod":
        raise Refused("The proof was not made to issue badges.")
    said = {name: member for name, member in proof.items() if name != "@context"}
    if not all(isinstance(member, str) for member in said.values()) or any(name.startswith("@") for name in said):
        raise Refused("The proof says more than a proof does.")
    if proof.get("@context", document["@context"]) != document["@context"]:
        raise Refused("The proof names other contexts than the badge.")
    jsonld.check_defined({name: member for name, member in document.items() if name != "proof"})
    key = resolver.key(str(proof.get("verificationMethod", "")), issuer=issuer_of(document))
    if not isinstance(key, Ed25519PublicKey) or not proofs.is_genuine(document, proof, key):
        raise Refused("The signature does not fit: the badge was changed after it was issued.")


def check_token(text: str, resolver: Resolver) -> dict[str, Any]:
    """The credential in a token. Raises Refused, NotTrusted, UnsafeInput or ValueError unless its issuer signed it.

    A key in the header is not believed: the key is the issuer's own, named by `kid`.
    """
    token = jws.read(text)
    document, issuer = token.payload, issuer_of(token.payload)
    if "vc" in document:
        raise Refused("This token is of an older form (VC 1.1). Open Badges 3.0 signs the credential itself.")
    method = token.header.get("kid") or (f"{issuer}#key" if issuer.startswith("did:key:") else "")
    key = resolver.key(str(method), issuer=issuer)
    if not jws.is_genuine(token, key):
        raise Refused("The signature does not fit: the badge was changed after it was issued.")
    subject = document.get("credentialSubject")
    said = (document.get("iss"), document.get("jti", document.get("id")))
    if said != (issuer, document.get("id")) or (
        "sub" in document and isinstance(subject, dict) and document["sub"] != subject.get("id")
    ):
        raise Refused("The token says two things: its claims are not those of the credential in it.")
    return document


def _judged(document: dict[str, Any], resolver: Resolver, at: datetime) -> Verification:
    """What remains once the signature is known to be the issuer's: the dates, and whether he took it back."""
    steps = ["The signature is the issuer's."]
    facts, award = _facts(document), None
    try:
        if issuer_of(document) == documents.issuer_did():
            award = _on_record(document)
        if award is not None:
            _check_standing(award, at)
            steps.append("Not revoked or suspended, by our own record.")
        _check_dates(document, at)
        if award is None:
            steps.append(_check_lists(document, resolver, at))
    except _WRONG as error:
        return Verification(is_valid=False, words=_words(error), award=award, steps=tuple(steps), facts=facts)
    words = "The badge is genuine and valid."
    return Verification(is_valid=True, words=words, award=award, steps=tuple(steps), facts=facts)


def _facts(document: dict[str, Any]) -> dict[str, str]:
    """Signed text for people, as far as it is text."""
    subject = _listed(document.get("credentialSubject"))[0]
    subject = subject if isinstance(subject, dict) else {}
    achievement, issuer = subject.get("achievement"), document.get("issuer")
    names = [
        one.get("identityHash")
        for one in _listed(subject.get("identifier"))
        if isinstance(one, dict) and one.get("identityType") == "name" and not one.get("hashed")
    ]
    said = {
        "Badge": achievement.get("name") if isinstance(achievement, dict) else None,
        "Holder": names[0] if names else None,
        "Issued by": issuer.get("name") if isinstance(issuer, dict) else None,
        "Issuer": issuer_of(document),
        "From": document.get("validFrom"),
        "Until": document.get("validUntil"),
    }
    return {label: value[:300] for label, value in said.items() if isinstance(value, str) and value}


def _on_record(document: dict[str, Any]) -> Award:
    """Our signature alone is not enough: the badge must stand on our record too."""
    award = named(str(document.get("id", "")))
    if award is None or documents.award_url(award) != document.get("id"):
        raise Refused("The signature is ours, but the badge is not on our record.")
    return award


def _moment(value: Any) -> datetime:
    found = parse_datetime(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise Refused("A date of the badge cannot be read.")
    return found


def _check_dates(document: dict[str, Any], at: datetime) -> None:
    if _moment(document.get("validFrom")) > at:
        raise Refused("The badge is genuine but not valid yet.")
    if "validUntil" in document and _moment(document["validUntil"]) < at:
        raise Refused("The badge is genuine but has expired.")
    for proof in _listed(document.get("proof", {})):
        if "expires" in proof and _moment(proof["expires"]) < at:
            raise Refused("The signature was made for a time that is over.")
    begins, ends = document.get("nbf", 0), document.get("exp", _FAR)
    if not isinstance(begins, int) or not isinstance(ends, int) or not begins <= at.timestamp() <= ends:
        raise Refused("The badge is genuine but outside the time its token allows.")


def _check_standing(award: Award, at: datetime) -> None:
    state = standing.of_award(award, at)
    if state != Standing.VALID:
        said = {Standing.REVOKED: "was revoked", Standing.SUSPENDED: "is suspended", Standing.EXPIRED: "has expired"}
        raise Refused(f"The badge is genuine but {said[state]}.")


def _check_lists(document: dict[str, Any], resolver: Resolver, at: datetime) -> str:
    """Asks the issuer's status lists; returns what was found out. Raises unless each entry says that it holds."""
    if "credentialStatus" not in document:
        return "The issuer publishes no list of revoked badges: nobody can tell whether it was taken back."
    entries = _listed(document["credentialStatus"])
    if len(entries) > 4:
        raise Refused("The badge names too many status lists.")
    for entry in entries:
        _check_entry(entry, issuer_of(document), resolver, at)
    return "Not revoked or suspended, by the issuer's signed list."


def _check_entry(entry: Any, issuer: str, resolver: Resolver, at: datetime) -> None:
    if not isinstance(entry, dict) or entry.get("type") != "BitstringStatusListEntry":
        raise Refused("Whether the badge was revoked stands in a kind of list that is not known here.")
    purpose, url = entry.get("statusPurpose"), str(entry.get("statusListCredential", ""))
    if purpose not in statuslist.PURPOSES or str(entry.get("statusSize", 1)) != "1":
        raise Refused("The badge's entry in the status list is of a kind that is not known here.")
    subject = _signed_list(resolver.get(url, _MAX_LIST_BYTES), issuer, resolver, at)
    if purpose not in _listed(subject.get("statusPurpose")) or str(subject.get("statusSize", 1)) != "1":
        raise Refused("The status list is for another purpose than the badge says.")
    field = statuslist.decode(str(subject.get("encodedList", "")))
    index = str(entry.get("statusListIndex", ""))
    if not (index.isascii() and index.isdecimal() and len(index) < 10):
        raise Refused("The badge's place in the status list cannot be read.")
    if statuslist.is_set(field, int(index)):
        raise Refused(f"The badge is genuine but {'was revoked' if purpose == 'revocation' else 'is suspended'}.")


def _signed_list(data: bytes, issuer: str, resolver: Resolver, at: datetime) -> dict[str, Any]:
    """The subject of a status list that the badge's own issuer signed and that is not out of date."""
    text = data.decode("utf-8-sig").strip()
    is_token = jws.looks_like(text)
    document = check_token(text, resolver) if is_token else guards.load_json(text)
    if not isinstance(document, dict) or issuer_of(document) != issuer:
        raise Refused("The status list is not the issuer's own.")
    if "BitstringStatusListCredential" not in _listed(document.get("type")):
        raise Refused("There is no status list where the badge says.")
    _check_contexts(document, {jsonld.CREDENTIALS_V2})
    if not is_token:
        check_proof(document, resolver)
    if "validUntil" in document and _moment(document["validUntil"]) < at:
        raise Refused("The status list is out of date.")
    if "validFrom" in document and _moment(document["validFrom"]) > at:
        raise Refused("The status list is not valid yet.")
    subject = document.get("credentialSubject")
    if not isinstance(subject, dict):
        raise Refused("The status list holds no list.")
    return subject


__all__ = ["NotBaked", "NotTrusted", "Refused", "Verification", "verify", "verify_document", "verify_token"]
