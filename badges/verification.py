"""Whether a badge is genuine and holds today. Nothing is fetched: only badges of our own can be judged here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from pyld.jsonld import JsonLdError

from badges import documents, jsonld, proofs
from badges.keys import public_key
from badges.models import Award, IssuerKey
from certifications.models import Credential
from lms.common.errors import DomainError


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The verdict in one sentence; `award` when the badge is known here."""

    is_valid: bool
    words: str
    award: Award | None = None


def verify_document(document: Any, *, at: datetime) -> Verification:
    """Checks shape, contexts, issuer, key and signature first, then dates, then whether we revoked it. Fails closed."""
    try:
        reason = _refusal(document)
    except (DomainError, JsonLdError, ValueError, KeyError, TypeError, RecursionError) as error:
        words = error.message if isinstance(error, DomainError) else "This is not a badge that can be read."
        return Verification(is_valid=False, words=words)
    if reason:
        return Verification(is_valid=False, words=reason)
    return _status(document, _on_record(document["id"]), at)


def _refusal(document: Any) -> str:
    """Why the signature does not vouch for the document; empty when it does."""
    if not isinstance(document, dict) or "OpenBadgeCredential" not in document.get("type", []):
        return "This is not an Open Badge 3.0."
    contexts = document.get("@context")
    if contexts != jsonld.CONTEXTS:
        return "The badge names contexts that are not those of Open Badges 3.0.3."
    listed = document.get("proof")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], dict):
        return "The badge does not carry exactly one proof."
    proof = listed[0]
    if proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != proofs.SUITE:
        return f"The proof is not of the kind {proofs.SUITE}."
    if proof.get("proofPurpose") != "assertionMethod":
        return "The proof was not made to issue badges."
    issuer = document.get("issuer")
    if not isinstance(issuer, dict) or issuer.get("id") != documents.issuer_did():
        return "The badge was issued by somebody else."
    did, _, multibase = str(proof.get("verificationMethod", "")).partition("#")
    if did != documents.issuer_did() or not IssuerKey.objects.filter(public_multibase=multibase).exists():
        return "The badge was signed with a key that is not ours."
    jsonld.check_defined({name: member for name, member in document.items() if name != "proof"})
    if not proofs.is_genuine(document, proof, public_key(multibase)):
        return "The signature does not fit: the badge was changed after it was issued."
    return ""


def _on_record(address: str) -> Award | None:
    """The award whose address this is."""
    try:
        public_id = UUID(address.rpartition("/")[2].removesuffix(".json"))
    except ValueError:
        return None
    award = Award.objects.filter(public_id=public_id).select_related("credential__certification").first()
    return award if award is not None and documents.award_url(award) == address else None


def _status(document: dict[str, Any], award: Award | None, at: datetime) -> Verification:
    if award is None:
        return Verification(is_valid=False, words="The signature is ours, but the badge is not on our record.")
    begins, ends = parse_datetime(document["validFrom"]), document.get("validUntil")
    status = award.credential.status(at.astimezone(UTC).date())
    until = parse_datetime(ends) if ends else None
    if status == Credential.Status.REVOKED:
        return Verification(is_valid=False, words="The badge is genuine but was revoked.", award=award)
    if begins is None or begins > at:
        return Verification(is_valid=False, words="The badge is genuine but not valid yet.", award=award)
    if status == Credential.Status.EXPIRED or (until is not None and until < at):
        return Verification(is_valid=False, words="The badge is genuine but has expired.", award=award)
    return Verification(is_valid=True, words="The badge is genuine and valid.", award=award)
