"""Data Integrity proofs of cryptosuite eddsa-rdfc-2022 (W3C vc-di-eddsa, 3.2). Pure: keys come as arguments."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from badges import jsonld
from badges.keys import base58, from_base58

SUITE = "eddsa-rdfc-2022"


def timestamp(at: datetime) -> str:
    """As in XML Schema: seconds, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_proof(document: dict[str, Any], *, key: Ed25519PrivateKey, method: str, at: datetime) -> dict[str, Any]:
    """The document with a proof in a list of one. `method` is the id of the verification method.

    Raises UndefinedTerm when a part of the document would go unsigned.
    """
    jsonld.check_defined(document)
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": timestamp(at),
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    }
    signature = key.sign(_digest(document, proof))
    return {**document, "proof": [{**proof, "proofValue": "z" + base58(signature)}]}


def is_genuine(document: dict[str, Any], proof: dict[str, Any], key: Ed25519PublicKey) -> bool:
    """Whether `proof` is a signature by `key` over the document without its proofs."""
    try:
        signature = from_base58(str(proof.get("proofValue", "")).removeprefix("z"))
        unsigned = {name: member for name, member in document.items() if name != "proof"}
        options = {name: member for name, member in proof.items() if name != "proofValue"}
        key.verify(signature, _digest(unsigned, options))
    except (InvalidSignature, ValueError):
        return False
    return True


def _digest(document: dict[str, Any], proof: dict[str, Any]) -> bytes:
    options = {"@context": document["@context"], **proof}
    return sha256(jsonld.canonical(options)).digest() + sha256(jsonld.canonical(document)).digest()
