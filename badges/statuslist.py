"""Bitstring Status List 1.0 (W3C): the bits, their encoding and the credential that carries them. Pure."""

import gzip
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from badges.jsonld import CREDENTIALS_V2
from badges.keys import base64url, from_base64url
from badges.models import LIST_LENGTH
from badges.proofs import timestamp

PURPOSES = ("revocation", "suspension")
MAX_BYTES = 4_000_000
# How long a signed list may be believed: a copy kept by somebody else cannot bring a revoked badge back for longer.
LIFETIME = timedelta(days=1)


def bits(positions: Iterable[int]) -> bytes:
    """A list of LIST_LENGTH bits with those of `positions` set; position 0 is the first byte's highest bit."""
    field = bytearray(LIST_LENGTH // 8)
    for position in positions:
        field[position // 8] |= 0x80 >> position % 8
    return bytes(field)


def encode(field: bytes) -> str:
    """GZIP in multibase base64url. The same bits always give the same text."""
    return "u" + base64url(gzip.compress(field, mtime=0))


def decode(text: str) -> bytes:
    """The bits again. Raises ValueError for what is no such list, shorter than the standard asks, or beyond 4 MB."""
    if not text.startswith("u"):
        raise ValueError("not multibase base64url")
    inflator = zlib.decompressobj(wbits=31)
    try:
        field = inflator.decompress(from_base64url(text[1:]), MAX_BYTES)
    except zlib.error as error:
        raise ValueError("not GZIP") from error
    if inflator.unconsumed_tail or not inflator.eof or inflator.unused_data:
        raise ValueError("too long, or cut off")
    if len(field) * 8 < LIST_LENGTH:
        raise ValueError("shorter than the standard allows")
    return field


def is_set(field: bytes, position: int) -> bool:
    """Raises ValueError for a position beyond the list."""
    if not 0 <= position < len(field) * 8:
        raise ValueError("beyond the list")
    return bool(field[position // 8] & 0x80 >> position % 8)


def entry(url: str, position: int) -> dict[str, str]:
    """What a badge says about where its state stands: one entry, for revocation (ADR 0024)."""
    return {
        "id": f"{url}#{position}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(position),
        "statusListCredential": url,
    }


def credential(*, url: str, issuer: str, purpose: str, encoded: str, at: datetime) -> dict[str, Any]:
    """The BitstringStatusListCredential, unsigned."""
    return {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": timestamp(at),
        "validUntil": timestamp(at + LIFETIME),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encoded,
        },
    }
