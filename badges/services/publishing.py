"""Status lists, signed when they are asked for: what is served is what the record says at that moment."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Max

from badges import documents, jws, proofs, standing, statuslist
from badges.models import LIST_LENGTH, Award, IssuerKey
from badges.services.keyring import issuer_key, private_key


def has_list(number: int) -> bool:
    """Whether any badge has its place in that list. The first is always there."""
    highest = Award.objects.aggregate(highest=Max("status_index"))["highest"] or 0
    return 0 <= number <= highest // LIST_LENGTH


def status_list(*, number: int, purpose: str, at: datetime) -> dict[str, Any]:
    """The list with a Data Integrity proof. Raises KeyUnreadable."""
    key = issuer_key(at=at)
    encoded = statuslist.encode(statuslist.bits(standing.listed(number, purpose, at)))
    return _with_proof(number, purpose, encoded, key.public_multibase, _hour(at))


def status_list_token(*, number: int, purpose: str, at: datetime) -> str:
    """The same list as VC-JWT. Raises KeyUnreadable."""
    key = issuer_key(at=at)
    encoded = statuslist.encode(statuslist.bits(standing.listed(number, purpose, at)))
    unsigned = _unsigned(number, purpose, encoded, _hour(at))
    return jws.sign(unsigned, key=private_key(key), method=documents.jwt_method(key))


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _unsigned(number: int, purpose: str, encoded: str, at: datetime) -> dict[str, Any]:
    url = documents.status_list_url(number, purpose)
    return statuslist.credential(url=url, issuer=documents.issuer_did(), purpose=purpose, encoded=encoded, at=at)


@lru_cache(maxsize=16)
def _with_proof(number: int, purpose: str, encoded: str, multibase: str, at: datetime) -> dict[str, Any]:
    """Kept by content: a changed bit, another key or another hour is signed anew."""
    key = IssuerKey.objects.get(public_multibase=multibase)
    return proofs.add_proof(
        _unsigned(number, purpose, encoded, at),
        key=private_key(key),
        method=documents.verification_method(key),
        at=at,
    )
