"""Signed messages between systems, both ways, as the Standard Webhooks specification 1.0.0 says it
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). Pure.

The content that is signed is `{id}.{timestamp}.{body}`, by HMAC-SHA256; a header carries one signature per
valid secret, so that a secret can be changed while both are known.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lms.common.errors import DomainError

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"
_ID = re.compile(r"^[A-Za-z0-9_-]{1,100}$")
_SECONDS = re.compile(r"^\d{1,12}$", re.ASCII)
_MOST_SIGNATURES = 10


class BadSignature(DomainError):
    """A message that nobody who knows the secret has sent just now."""

    code = "bad_signature"
    status = 401


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a verified message says of itself: its id, the same however often it is sent."""

    id: str
    sent_at: int


def shown_secret(key: bytes) -> str:
    """The key as people and the libraries of the specification know it."""
    return PREFIX + base64.b64encode(key).decode()


def read_secret(text: str) -> bytes:
    """The key of a shown secret. Raises ValueError for what is none."""
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("This is no secret of a webhook.") from error


def signature(key: bytes, *, id_: str, timestamp: int, body: bytes) -> str:
    """One signature, "v1,…"."""
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(keys: Sequence[bytes], *, id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message that is sent at a moment, with one signature per key."""
    timestamp = int(at.timestamp())
    signatures = (signature(key, id_=id_, timestamp=timestamp, body=body) for key in keys)
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def verify(keys: Iterable[bytes], *, sent: Mapping[str, str], body: bytes, at: datetime) -> Signed:
    """What the headers say, when one of the signatures is one of the keys' over exactly this body.

    Raises BadSignature: for a header that is missing or malformed, for a message from more than five minutes ago or
    ahead, and for a wrong signature. Signatures are compared in constant time.
    """
    id_, seconds = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if not _ID.match(id_) or not _SECONDS.match(seconds):
        raise BadSignature("Send webhook-id (letters, digits, _ and -) and webhook-timestamp (seconds since 1970).")
    timestamp = int(seconds)
    if abs(at.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise BadSignature("The webhook-timestamp is more than five minutes away from our clock. Sign it anew.")
    offered = [one.encode(errors="replace") for one in sent.get("webhook-signature", "").split()[:_MOST_SIGNATURES]]
    wanted = [signature(key, id_=id_, timestamp=timestamp, body=body).encode() for key in keys]
    if not any(hmac.compare_digest(one, other) for one in offered for other in wanted):
        raise BadSignature("The webhook-signature is not of this message and this secret.")
    return Signed(id=id_, sent_at=timestamp)
