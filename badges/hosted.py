"""Badges as Open Badges 2.0 (1EdTech, hosted verification), for displayers that know no newer form. Reads, no writes.

Such a badge names its holder by the hash of his e-mail address, which nothing else of ours that is public does. So it
has an address only where its holder asked for one: the address holds a signature of ours, which only that asking gives
out.
"""

from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

from badges import documents
from badges.models import Achievement, Award
from badges.proofs import timestamp
from badges.standing import Standing
from lms.common.guards import clean_name

CONTEXT = "https://w3id.org/openbadges/v2"
_SALT = "badges.hosted"


def _signer(award: Award) -> Signer:
    """Signs with the holder's address of today: a ticket holds no longer than the address it was asked for."""
    return Signer(salt=f"{_SALT}:{award.holder.email.strip().lower()}", sep=".")


def ticket_of(award: Award) -> str:
    """The last part of the address of an award's assertion; the same each time, until the holder's e-mail address or
    our key is another."""
    return _signer(award).sign(str(award.public_id))


def award_of(ticket: str) -> Award | None:
    """The award a ticket was made for, by a key of today or before; None for one that we did not make, or that was
    asked for with another e-mail address than its holder has now."""
    try:
        award = Award.objects.whole().filter(public_id=UUID(ticket.partition(".")[0])).first()
        if award is not None:
            _signer(award).unsign(ticket)
    except (BadSignature, ValueError):
        return None
    return award


def assertion_url(ticket: str) -> str:
    return f"{settings.SITE_URL}/badges/v2/assertions/{ticket}"


def badge_class_url(achievement: Achievement) -> str:
    return f"{settings.SITE_URL}/badges/v2/classes/{achievement.public_id}"


def issuer_url() -> str:
    return f"{settings.SITE_URL}/badges/v2/issuer"


def assertion(award: Award, state: Standing, *, ticket: str) -> dict[str, Any]:
    """The award now, by the ticket it is asked for with: `id` must be its address, also by a ticket of an older key.
    One that is revoked or suspended says that it is revoked and nothing else: 2.0 knows no other word, and a displayer
    must not show it."""
    head = {"@context": CONTEXT, "type": "Assertion", "id": assertion_url(ticket)}
    if state.is_listed:
        return {**head, "revoked": True, "revocationReason": f"The issuer says: {state.value}"}
    # public like the ticket; made of it, it stays what it was when our key is another
    salt = sha256(f"{_SALT}.recipient:{ticket}".encode()).hexdigest()[:32]
    identifier = documents.address_identifier(award.holder.email, salt=salt)
    body: dict[str, Any] = {
        **head,
        "recipient": {"type": "email", "hashed": True, "salt": salt, "identity": identifier["identityHash"]},
        "badge": badge_class_url(award.achievement),
        "verification": {"type": "hosted"},
        "issuedOn": timestamp(award.awarded_at),
        "evidence": documents.share_url(award),
    }
    if award.image_digest:
        body["image"] = f"{settings.SITE_URL}/badges/images/{award.image_digest}.png"
    if award.ends_on is not None:
        body["expires"] = timestamp(datetime.combine(award.ends_on, time(23, 59, 59), UTC))
    return body


def badge_class(achievement: Achievement) -> dict[str, Any]:
    """What the badge stands for, as it is given now."""
    body: dict[str, Any] = {
        "@context": CONTEXT,
        "type": "BadgeClass",
        "id": badge_class_url(achievement),
        "name": clean_name(achievement.name),
        "description": clean_name(achievement.description),
        "criteria": {"id": documents.criteria_url(achievement), "narrative": clean_name(achievement.criteria)},
        "issuer": issuer_url(),
        "tags": [clean_name(tag) for tag in achievement.tags],
        "alignment": [
            {"targetName": clean_name(one["name"]), "targetUrl": clean_name(one["url"])}
            for one in achievement.alignments
        ],
    }
    if achievement.image is not None:
        body["image"] = documents.image_url(achievement.image)
    return body


def issuer() -> dict[str, Any]:
    """Who issues, as 2.0 names him: by an address of ours in place of the DID."""
    return {**documents.issuer_profile(), "@context": CONTEXT, "type": "Issuer", "id": issuer_url()}
