"""Keys in the forms that verifiers read: Multikey and base58 (Controlled Identifiers 1.0, 2.2.2 and 2.4), JWK."""

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PublicKey = Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUBLIC = b"\xed\x01"  # multicodec
_P256_PUBLIC = b"\x80\x24"


def base58(data: bytes) -> str:
    """Base58 with the Bitcoin alphabet; each leading zero byte is a 1."""
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def from_base58(text: str) -> bytes:
    """The bytes again. Raises ValueError for another alphabet or more than 200 characters."""
    if len(text) > 200:
        raise ValueError("too long")
    number = 0
    for character in text:
        number = number * 58 + _ALPHABET.index(character)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multikey(private: Ed25519PrivateKey) -> str:
    """The public half as publicKeyMultibase: z6Mk…"""
    return "z" + base58(_ED25519_PUBLIC + private.public_key().public_bytes_raw())


def public_key(multibase: str) -> Ed25519PublicKey:
    """Raises ValueError for anything but an Ed25519 Multikey."""
    data = from_base58(multibase.removeprefix("z"))
    if not multibase.startswith("z") or not data.startswith(_ED25519_PUBLIC):
        raise ValueError("not an Ed25519 Multikey")
    return Ed25519PublicKey.from_public_bytes(data.removeprefix(_ED25519_PUBLIC))


def jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_bytes_raw())}


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes again. Raises ValueError for padding, blanks and every other character: one spelling per value."""
    if not text.isascii() or any(not (character.isalnum() or character in "-_") for character in text):
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise ValueError("not the one spelling of these bytes")
    return data


def from_jwk(value: Mapping[str, Any]) -> PublicKey:
    """Ed25519, P-256 and RSA of 2048 to 8192 bits. Raises ValueError for every other key."""
    kind = (value.get("kty"), value.get("crv"))
    if kind == ("OKP", "Ed25519"):
        return Ed25519PublicKey.from_public_bytes(from_base64url(str(value["x"])))
    if kind == ("EC", "P-256"):
        return ec.EllipticCurvePublicNumbers(_number(value["x"]), _number(value["y"]), ec.SECP256R1()).public_key()
    if value.get("kty") == "RSA":
        modulus = _number(value["n"])
        if not 2048 <= modulus.bit_length() <= 8192:
            raise ValueError("an RSA key of this size is not accepted")
        return rsa.RSAPublicNumbers(_number(value["e"]), modulus).public_key()
    raise ValueError("not a kind of key that is accepted")


def _number(text: Any) -> int:
    return int.from_bytes(from_base64url(str(text)[:2000]), "big")


def from_multikey(multibase: str) -> PublicKey:
    """An Ed25519 or P-256 Multikey (Controlled Identifiers 1.0, 2.2.2). Raises ValueError."""
    data = from_base58(multibase.removeprefix("z"))
    if multibase.startswith("z") and data.startswith(_P256_PUBLIC):
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data.removeprefix(_P256_PUBLIC))
    return public_key(multibase)
