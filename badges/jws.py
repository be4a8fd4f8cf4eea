"""Compact JSON Web Signatures (RFC 7515) for badges as VC-JWT (VC-JOSE-COSE; Open Badges 3.0, 8.2). Pure."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.utils.dateparse import parse_datetime

from badges.keys import PublicKey, base64url, from_base64url, jwk
from lms.common import guards

MAX_CHARACTERS = 400_000
# Which key may use which algorithm: the token never chooses for itself.
ALGORITHMS: dict[str, type] = {"EdDSA": Ed25519PublicKey, "ES256": ec.EllipticCurvePublicKey, "RS256": rsa.RSAPublicKey}
_TYPES = {None, "JWT", "vc+jwt", "vc+ld+jwt"}


@dataclass(frozen=True, kw_only=True)
class Token:
    """A JWS taken apart, not yet believed."""

    header: dict[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes


def looks_like(text: str) -> bool:
    """Whether this is meant to be a compact JWS: three parts, the first an object in base64url."""
    return text.startswith("eyJ") and text.count(".") == 2


def sign(document: dict[str, Any], *, key: Ed25519PrivateKey, method: str) -> str:
    """The credential as VC-JWT: the payload is the credential with the registered claims that repeat it.

    The header names the verification method and carries the public key too, as Open Badges 3.0 asks (8.2.3).
    """
    header = {"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": method, "jwk": jwk(key.public_key())}
    issuer = document["issuer"]
    claims = {
        "iss": issuer["id"] if isinstance(issuer, dict) else issuer,
        "jti": document["id"],
        "sub": document["credentialSubject"]["id"],
        "nbf": _seconds(document["validFrom"]),
    }
    if "validUntil" in document:
        claims["exp"] = _seconds(document["validUntil"])
    signed = f"{_part(header)}.{_part({**document, **claims})}"
    return f"{signed}.{base64url(key.sign(signed.encode()))}"


def _part(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _seconds(text: str) -> int:
    moment = parse_datetime(text)
    if moment is None:
        raise ValueError("not a time")
    return int(moment.timestamp())


def read(text: str) -> Token:
    """Takes a token apart. Raises ValueError and UnsafeInput for what is no JWS with a JSON object in it.

    `alg` must be one of ours (never "none"), and nothing may be asked for that is not understood (`crit`, `b64`).
    """
    if len(text) > MAX_CHARACTERS or text.count(".") != 2:
        raise ValueError("not a compact JWS")
    first, second, third = text.split(".")
    header, payload = (guards.load_json(from_base64url(part)) for part in (first, second))
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise ValueError("not an object")
    if header.get("alg") not in ALGORITHMS:
        raise guards.UnsafeInput(f"The signature algorithm {str(header.get('alg'))[:20]!r} is not accepted.")
    if "crit" in header or "b64" in header or header.get("typ") not in _TYPES:
        raise guards.UnsafeInput("The token's header asks for something that is not understood here.")
    return Token(header=header, payload=payload, signed=f"{first}.{second}".encode(), signature=from_base64url(third))


def is_genuine(token: Token, key: PublicKey) -> bool:
    """Whether `key`, of the kind that the algorithm wants, made the signature."""
    if not isinstance(key, ALGORITHMS[token.header["alg"]]):
        return False
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(token.signature, token.signed)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(token.signature, token.signed, padding.PKCS1v15(), SHA256())
        else:
            if len(token.signature) != 64:
                return False
            halves = (int.from_bytes(token.signature[at : at + 32], "big") for at in (0, 32))
            key.verify(encode_dss_signature(*halves), token.signed, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
