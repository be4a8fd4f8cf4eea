"""What we publish: issuer, achievements, awards as Open Badges 3.0 (1EdTech) in VC Data Model 2.0. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid5

from django.conf import settings

from badges.jsonld import CONTEXTS
from badges.models import Achievement, Award, IssuerKey
from badges.proofs import timestamp
from certifications.models import Credential
from lms.common.guards import clean_name

_SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"


def issuer_did() -> str:
    """did:web of SITE_URL; the colon of a port is written %3A (did:web method, 3.1)."""
    return "did:web:" + quote(urlsplit(settings.SITE_URL).netloc, safe="")


def verification_method(key: IssuerKey) -> str:
    return f"{issuer_did()}#{key.public_multibase}"


def did_document(keys: Iterable[IssuerKey]) -> dict[str, Any]:
    """Every key that ever signed: retired ones still verify what they signed."""
    methods = [
        {
            "id": verification_method(key),
            "type": "Multikey",
            "controller": issuer_did(),
            "publicKeyMultibase": key.public_multibase,
        }
        for key in keys
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": issuer_did(),
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def issuer_profile() -> dict[str, Any]:
    """Who issues, as it also stands in each badge."""
    return {"id": issuer_did(), "type": ["Profile"], "name": clean_name(settings.VENDOR_NAME), "url": settings.SITE_URL}


def achievement_url(achievement: Achievement) -> str:
    return f"{settings.SITE_URL}/badges/achievements/{achievement.public_id}"


def award_url(award: Award) -> str:
    return f"{settings.SITE_URL}/badges/awards/{award.public_id}.json"


def achievement_document(achievement: Achievement, *, version: int) -> dict[str, Any]:
    """What a badge says. Text goes through clean_name: control characters and bidi overrides are never signed."""
    return {
        "id": achievement_url(achievement),
        "type": ["Achievement"],
        "achievementType": "Certification",
        "name": clean_name(achievement.name),
        "description": clean_name(achievement.description),
        "criteria": {"narrative": clean_name(achievement.criteria)},
        "creator": issuer_profile(),
        "version": str(version),
    }


def award_document(award: Award, credential: Credential) -> dict[str, Any]:
    """The badge of one credential, unsigned. The subject has an opaque id and a name, no address or hash of one."""
    said = credential.as_issued
    document: dict[str, Any] = {
        "@context": CONTEXTS,
        "id": award_url(award),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": clean_name(said.title),
        "issuer": issuer_profile(),
        "validFrom": timestamp(credential.issued_at),
        "credentialSubject": {
            "id": f"urn:uuid:{uuid5(credential.person.public_id, 'open-badges')}",
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": clean_name(said.holder_name),
                    "identityType": "name",
                }
            ],
            "achievement": achievement_document(award.achievement, version=said.number),
        },
        "evidence": [
            {
                "id": credential.verify_url,
                "type": ["Evidence"],
                "name": "The certificate, and whether it is valid today",
            }
        ],
        "credentialSchema": [{"id": _SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }
    if said.expires is not None:
        document["validUntil"] = timestamp(datetime.combine(said.expires, time(23, 59, 59), UTC))
    return document
