"""Ed25519 keys in the forms that verifiers read: Multikey and base58 (Controlled Identifiers 1.0, 2.2.2 and 2.4)."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUBLIC = b"\xed\x01"  # multicodec


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
