"""Awards, achievements and pathways; issuers that are not ours."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.contrib.auth.models import Group, Permission
from django.test import Client

from badges import jsonld, keys, proofs, services, statuslist
from badges.models import Achievement, Award, Pathway
from certifications.models import Credential
from certifications.services import reinstate_credential, suspend_credential
from lms.accounts.models import User
from lms.events.services import drain
from lms.partners.models import Membership
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, UserFactory

HERE = "http://127.0.0.1:8000"


def awarded(at: datetime, *, membership: Membership | None = None, **fields: object) -> Award:
    """A badge that a credential brought, with all that follows from it."""
    issued = credential(at, membership=membership or MembershipFactory(), **fields)
    drain()
    return Award.objects.whole().get(credential=issued)


def revoke(award: Award, at: datetime) -> None:
    Credential.objects.filter(pk=award.credential_id).update(
        revoked_at=at, revoked_by=UserFactory(), revocation_reason="Copied"
    )


@contextmanager
def suspended(award: Award, at: datetime) -> Iterator[None]:
    """Its credential rests within the block, by the service that does it."""
    assert award.credential is not None
    words = {"credential": award.credential, "by": staff("Channel managers"), "reason": "Looked into", "at": at}
    suspend_credential(**words)
    yield
    reinstate_credential(**words)


def staff(group_name: str) -> User:
    user: User = UserFactory()
    group, _ = Group.objects.get_or_create(name=group_name)
    group.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    user.groups.add(group)
    return user


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def pathway(members: list[Achievement], *, needed: int, name: str = "Halden Specialist") -> Pathway:
    made = Achievement.objects.create(name=name, description="Several badges.", criteria="Holds them.", type="Badge")
    by = staff("Portal managers")
    return services.save_pathway(
        pathway=Pathway(achievement=made), members=members, needed=needed, by=by, at=datetime.now().astimezone()
    )


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Outsider:
    """An issuer somewhere else: its keys, its pages, what it signs. `get` is the web as far as it knows it."""

    did: str = "did:web:issuer.example"
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pages["https://issuer.example/.well-known/did.json"] = self.document()

    @property
    def method(self) -> str:
        return f"{self.did}#{keys.multikey(self.private)}"

    def document(self) -> dict[str, Any]:
        multibase = keys.multikey(self.private)
        method = {"id": self.method, "type": "Multikey", "controller": self.did, "publicKeyMultibase": multibase}
        return {"id": self.did, "verificationMethod": [method], "assertionMethod": [self.method]}

    def get(self, url: str, max_bytes: int) -> bytes:
        self.asked.append(url)
        page = self.pages[url]
        return page if isinstance(page, bytes) else json.dumps(page).encode()

    def unsigned(self, **changes: Any) -> dict[str, Any]:
        return {
            "@context": jsonld.CONTEXTS,
            "id": "https://issuer.example/badges/1",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": "Welder",
            "issuer": {"id": self.did, "type": ["Profile"], "name": "Issuer Example"},
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {
                "id": "urn:uuid:6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11",
                "type": ["AchievementSubject"],
                "achievement": {
                    "id": "https://issuer.example/achievements/1",
                    "type": ["Achievement"],
                    "name": "Welder",
                    "description": "Welds.",
                    "criteria": {"narrative": "Has welded."},
                },
            },
        } | changes

    def signed(self, at: datetime, **changes: Any) -> dict[str, Any]:
        return proofs.add_proof(self.unsigned(**changes), key=self.private, method=self.method, at=at)

    def entry(self, position: int = 7, purpose: str = "revocation") -> dict[str, str]:
        return statuslist.entry("https://issuer.example/status/1", position) | {"statusPurpose": purpose}

    def publish_list(self, at: datetime, *positions: int, purpose: str = "revocation", **changes: Any) -> None:
        unsigned = statuslist.credential(
            url="https://issuer.example/status/1",
            issuer=self.did,
            purpose=purpose,
            encoded=statuslist.encode(statuslist.bits(positions)),
            at=at,
        )
        signed = proofs.add_proof(unsigned | changes, key=self.private, method=self.method, at=at)
        self.pages["https://issuer.example/status/1"] = signed


def token(payload: dict[str, Any], header: dict[str, Any], private: Any) -> str:
    """A JWS by the algorithm of the header, made without our code."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(payload).encode())}"
    if isinstance(private, ec.EllipticCurvePrivateKey):
        halves = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b"".join(half.to_bytes(32, "big") for half in halves)
    elif isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = private.sign(signed.encode()) if private else b""
    return f"{signed}.{b64(signature)}"
