"""The issuer's signing keys: made, sealed, opened, rotated."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction

from badges import keys
from badges.errors import KeyUnreadable
from badges.models import IssuerKey
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common.sealing import BrokenSeal, seal, unseal

_SEAL = "badges.issuer_key"


def issuer_key(*, at: datetime) -> IssuerKey:
    """The key that signs now: the newest that is not retired. Made on first use."""
    key = IssuerKey.objects.filter(retired_at=None).order_by("-created_at", "-pk").first()
    return key or _make_key(at)


def _make_key(at: datetime) -> IssuerKey:
    private = Ed25519PrivateKey.generate()
    return IssuerKey.objects.create(
        public_multibase=keys.multikey(private),
        private_encrypted=_sealed(private),
        created_at=at,
    )


def _sealed(private: Ed25519PrivateKey) -> bytes:
    return seal(private.private_bytes_raw().hex(), purpose=_SEAL, secrets=settings.BADGE_KEY_SECRETS).encode()


def private_key(key: IssuerKey) -> Ed25519PrivateKey:
    """Raises KeyUnreadable when no secret of the settings opens it, or when what is inside is another key."""
    try:
        secret = unseal(bytes(key.private_encrypted).decode(), purpose=_SEAL, secrets=settings.BADGE_KEY_SECRETS)
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    except (BrokenSeal, ValueError) as error:
        raise KeyUnreadable(_how_to_go_on(key, "cannot be opened with the present secret")) from error
    if keys.multikey(private) != key.public_multibase:
        raise KeyUnreadable(_how_to_go_on(key, "is not the one its row says"))
    return private


def _how_to_go_on(key: IssuerKey, what: str) -> str:
    setting = "BADGE_KEY_SECRETS" if settings.BADGE_KEY_SECRETS else "SECRET_KEY"
    return (
        f"The badge key {key.public_multibase} {what}. Badges wait, nothing is lost. Restore {setting}, or make a new "
        "key with `manage.py badges keys rotate`."
    )


@transaction.atomic
def rotate_key(*, by: User | None, at: datetime) -> IssuerKey:
    """Makes a new key, which signs from now on, and retires the others, which go on verifying what they signed."""
    IssuerKey.objects.filter(retired_at=None).update(retired_at=at)
    key = _make_key(at)
    record_audit(
        action="badges.rotate_key", actor=by, at=at, target=key, detail={"public_multibase": key.public_multibase}
    )
    return key


@transaction.atomic
def reseal_keys(*, by: User | None, at: datetime) -> int:
    """Seals every key anew with the first secret of the settings; returns how many. Locks the keys.

    All or none: raises KeyUnreadable for the first that cannot be opened.
    """
    rows = list(IssuerKey.objects.select_for_update().order_by("pk"))
    for row in rows:
        row.private_encrypted = _sealed(private_key(row))
        row.save(update_fields=["private_encrypted"])
    record_audit(action="badges.reseal_keys", actor=by, at=at, detail={"keys": len(rows)})
    return len(rows)
