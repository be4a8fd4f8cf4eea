"""What we publish: issuer, achievements, awards as Open Badges 3.0 (1EdTech) in VC Data Model 2.0. Reads, no writes."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, time
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid5

from django.conf import settings

from badges import statuslist
from badges.jsonld import CONTEXTS
from badges.keys import jwk, public_key
from badges.models import LIST_LENGTH, Achievement, Award, BadgeImage, IssuerKey, IssuerProfile
from badges.proofs import timestamp
from certifications.models import Credential
from lms.accounts.models import User
from lms.common.guards import clean_name

_SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"


def issuer_did() -> str:
    """did:web of SITE_URL; the colon of a port is written %3A (did:web method, 3.1)."""
    return "did:web:" + quote(urlsplit(settings.SITE_URL).netloc, safe="")


def verification_method(key: IssuerKey) -> str:
    return f"{issuer_did()}#{key.public_multibase}"


def jwt_method(key: IssuerKey) -> str:
    """The same key as a JSON Web Key, which is what readers of tokens look for."""
    return f"{issuer_did()}#jwk-{key.public_multibase}"


def did_document(keys: Iterable[IssuerKey]) -> dict[str, Any]:
    """Every key that ever signed: retired ones still verify what they signed. Each as Multikey and as JWK."""
    methods: list[dict[str, Any]] = []
    for key in keys:
        methods.append(
            {
                "id": verification_method(key),
                "type": "Multikey",
                "controller": issuer_did(),
                "publicKeyMultibase": key.public_multibase,
            }
        )
        methods.append(
            {
                "id": jwt_method(key),
                "type": "JsonWebKey",
                "controller": issuer_did(),
                "publicKeyJwk": {**jwk(public_key(key.public_multibase)), "alg": "EdDSA", "use": "sig"},
            }
        )
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/jwk/v1",
        ],
        "id": issuer_did(),
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def issuer_profile() -> dict[str, Any]:
    """Who issues, as it also stands in each badge."""
    row = IssuerProfile.objects.first() or IssuerProfile(name=settings.VENDOR_NAME)
    profile = {
        "id": issuer_did(),
        "type": ["Profile"],
        "name": clean_name(row.name),
        "url": row.url or settings.SITE_URL,
        "description": clean_name(row.description),
        "email": row.email,
    }
    return {name: value for name, value in profile.items() if value}


def achievement_url(achievement: Achievement) -> str:
    return f"{settings.SITE_URL}/badges/achievements/{achievement.public_id}"


def criteria_url(achievement: Achievement) -> str:
    """The page that says the same to people."""
    return f"{settings.SITE_URL}/achievements/{achievement.public_id}/"


def award_url(award: Award) -> str:
    return f"{settings.SITE_URL}/badges/awards/{award.public_id}.json"


def share_url(award: Award) -> str:
    return f"{settings.SITE_URL}/awards/{award.public_id}/"


def image_url(image: BadgeImage, form: str = "png") -> str:
    return f"{settings.SITE_URL}/badges/images/{image.digest}.{form}"


def status_list_url(number: int, purpose: str = "revocation") -> str:
    return f"{settings.SITE_URL}/badges/status/{purpose}/{number}"


def subject_id(person: User) -> str:
    """Opaque: tells two badges of one person from those of another, and nothing about him."""
    return f"urn:uuid:{uuid5(person.public_id, 'open-badges')}"


def achievement_document(achievement: Achievement) -> dict[str, Any]:
    """What a badge says. Text goes through clean_name: control characters and bidi overrides are never signed."""
    document: dict[str, Any] = {
        "id": achievement_url(achievement),
        "type": ["Achievement"],
        "achievementType": achievement.type,
        "name": clean_name(achievement.name),
        "description": clean_name(achievement.description),
        "criteria": {"id": criteria_url(achievement), "narrative": clean_name(achievement.criteria)},
        "creator": issuer_profile(),
        "version": str(achievement.version),
    }
    if achievement.image is not None:
        document["image"] = {
            "id": image_url(achievement.image),
            "type": "Image",
            "caption": f"Badge: {clean_name(achievement.name)}",
        }
    if achievement.tags:
        document["tag"] = [clean_name(tag) for tag in achievement.tags]
    if achievement.alignments:
        document["alignment"] = [_alignment(one) for one in achievement.alignments]
    if related := list(achievement.related.order_by("pk")) if achievement.pk else []:
        document["related"] = [
            {"id": achievement_url(one), "type": ["Related"], "version": str(one.version)} for one in related
        ]
    return document


def _alignment(said: dict[str, str]) -> dict[str, Any]:
    return {"type": ["Alignment"]} | {
        name: clean_name(value)
        for name, value in (
            ("targetName", said["name"]),
            ("targetUrl", said["url"]),
            ("targetFramework", said.get("framework", "")),
            ("targetCode", said.get("code", "")),
        )
        if value
    }


def credential_document(award: Award, credential: Credential) -> dict[str, Any]:
    """The badge of one credential, unsigned."""
    said = credential.as_issued
    evidence = [
        {
            "id": credential.verify_url,
            "type": ["Evidence"],
            "name": "The certificate, and whether it is valid today",
        }
    ]
    document = _document(award, holder=said.holder_name, person=credential.person, evidence=evidence)
    document["name"] = clean_name(said.title)
    document["validFrom"] = timestamp(credential.issued_at)
    if said.expires is not None:
        document["validUntil"] = timestamp(datetime.combine(said.expires, time(23, 59, 59), UTC))
    return document


def pathway_document(award: Award, rests_on: Iterable[Award]) -> dict[str, Any]:
    """The badge of a pathway, unsigned; its evidence are the badges that earned it."""
    evidence = [
        {"id": award_url(one), "type": ["Evidence"], "name": clean_name(str(one.document["name"]))} for one in rests_on
    ]
    document = _document(award, holder=award.holder_name, person=award.holder, evidence=evidence)
    document["name"] = clean_name(award.achievement.name)
    document["validFrom"] = timestamp(award.awarded_at)
    return document


def _document(award: Award, *, holder: str, person: User, evidence: list[dict[str, Any]]) -> dict[str, Any]:
    """What all badges share. The subject has an opaque id and a name, no address or hash of one."""
    document: dict[str, Any] = {
        "@context": CONTEXTS,
        "id": award_url(award),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "",
        "issuer": issuer_profile(),
        "validFrom": "",
        "awardedDate": timestamp(award.awarded_at),
        "credentialSubject": {
            "id": subject_id(person),
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": False,
                    "identityHash": clean_name(holder),
                    "identityType": "name",
                }
            ],
            "achievement": achievement_document(award.achievement),
        },
        "evidence": evidence,
        "credentialSchema": [{"id": _SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }
    if award.status_index is not None:
        number, position = divmod(award.status_index, LIST_LENGTH)
        document["credentialStatus"] = statuslist.entry(status_list_url(number), position)
    return document


def address_identifier(email: str, *, salt: str) -> dict[str, Any]:
    """An e-mail address as Open Badges 3.0 names it (IdentityObject, 5.8): SHA-256 of address and salt."""
    digest = sha256(f"{email.strip().lower()}{salt}".encode()).hexdigest()
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${digest}",
        "identityType": "emailAddress",
        "salt": salt,
    }


def as_text(document: dict[str, Any]) -> str:
    """A signed document as it is downloaded and baked: JSON in UTF-8 on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
