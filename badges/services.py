"""Every write about badges: keys, achievements, awards."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction

from badges import documents, keys, proofs
from badges.errors import KeyUnreadable
from badges.models import Achievement, Award, IssuerKey
from badges.verification import Verification, verify_document
from certifications.models import Credential
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common.sealing import BrokenSeal, seal, unseal

__all__ = ["Verification", "award_badge", "issuer_key", "private_key", "rotate_key", "verify_document"]

_SEAL = "badges.issuer_key"


@transaction.atomic
def award_badge(*, credential: Credential, at: datetime) -> Award:
    """Awards the badge of a credential: signs it with the newest key and keeps it as signed. Replays return it.

    Of two at once the unique constraint lets one through. Raises KeyUnreadable, and UndefinedTerm when a part would go
    unsigned; nothing is stored then, and the credential is not touched.
    """
    if award := Award.objects.filter(credential=credential).first():
        return award
    said = credential.as_issued
    achievement, _ = Achievement.objects.get_or_create(
        certification=credential.certification,
        defaults={"name": said.title, "description": said.description or said.criteria, "criteria": said.criteria},
    )
    key = issuer_key(at=at)
    award = Award(achievement=achievement, credential=credential, key=key, awarded_at=at)
    award.document = proofs.add_proof(
        documents.award_document(award, credential),
        key=private_key(key),
        method=documents.verification_method(key),
        at=at,
    )
    try:
        with transaction.atomic():
            award.save(force_insert=True)
    except IntegrityError:
        return Award.objects.get(credential=credential)
    return award


def issuer_key(*, at: datetime) -> IssuerKey:
    """The key that signs now: the newest that is not retired. Made on first use."""
    key = IssuerKey.objects.filter(retired_at=None).order_by("-created_at", "-pk").first()
    return key or _make_key(at)


def _make_key(at: datetime) -> IssuerKey:
    private = Ed25519PrivateKey.generate()
    return IssuerKey.objects.create(
        public_multibase=keys.multikey(private),
        private_encrypted=seal(private.private_bytes_raw().hex(), purpose=_SEAL).encode(),
        created_at=at,
    )


def private_key(key: IssuerKey) -> Ed25519PrivateKey:
    """Raises KeyUnreadable when SECRET_KEY (or SECRET_KEY_FALLBACKS) is not the one it was sealed with."""
    try:
        secret = unseal(bytes(key.private_encrypted).decode(), purpose=_SEAL)
    except BrokenSeal as error:
        raise KeyUnreadable(
            f"The badge key {key.public_multibase} cannot be opened with the present SECRET_KEY. Badges wait. Restore "
            "SECRET_KEY, or make a new key with `manage.py badges keys rotate`."
        ) from error
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))


@transaction.atomic
def rotate_key(*, by: User | None, at: datetime) -> IssuerKey:
    """Makes a new key, which signs from now on, and retires the others, which go on verifying what they signed."""
    IssuerKey.objects.filter(retired_at=None).update(retired_at=at)
    key = _make_key(at)
    record_audit(
        action="badges.rotate_key", actor=by, at=at, target=key, detail={"public_multibase": key.public_multibase}
    )
    return key
