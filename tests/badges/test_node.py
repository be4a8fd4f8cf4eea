"""Badges verified by Digital Bazaar's JavaScript libraries and jose (installed from tests/badges/node/package.json)."""

import copy
import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from badges import documents, jsonld, proofs, services, statuslist
from badges.models import Award, IssuerKey
from lms.events.services import drain
from tests.badges.factories import Outsider, revoke, suspended
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, UserFactory

FOLDER = Path(__file__).parent / "node"
pytestmark = [pytest.mark.django_db, pytest.mark.node]


def verify(
    document: dict[str, Any], now: datetime, *, token: str = "", lists: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the libraries say; the list is the one we serve, unless another is given (they ask the real clock of it)."""
    url = document.get("credentialStatus", {}).get("statusListCredential", "")
    served = {url: services.status_list(number=0, purpose="revocation", at=timezone.now())}
    question = {
        "document": document,
        "token": token,
        "did": documents.did_document(IssuerKey.objects.all()),
        "lists": served if lists is None else lists,
        "contexts": {url: jsonld._context(url) for url in jsonld.CONTEXTS},
        "now": now.isoformat(),
    }
    done = subprocess.run(
        ["node", "verify.js"], cwd=FOLDER, input=json.dumps(question), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def award(now: datetime) -> Award:
    credential(now)
    drain()
    return Award.objects.get()


@pytest.mark.parametrize("name", ["Ann Example", "Nguyễn Thị Phượng", "محمد علي", "佐藤 美咲", 'R&D "<b>" \\ 😀'])
def test_digital_bazaar_and_jose_accept_our_badge(now: datetime, name: str) -> None:
    credential(now, membership=MembershipFactory(person=UserFactory(name=name)))
    drain()
    award = Award.objects.get()
    assert verify(award.document, now, token=award.jwt) == {"verified": True, "errors": [], "token": "verified"}


def test_old_key_verifies_beside_the_new_one(award: Award, now: datetime) -> None:
    services.rotate_key(by=None, at=now)
    assert verify(award.document, now, token=award.jwt)["token"] == "verified"
    assert verify(award.document, now)["verified"]


def test_changed_badge_is_refused(award: Award, now: datetime) -> None:
    changed = copy.deepcopy(award.document)
    changed["credentialSubject"]["achievement"]["name"] = "Halden Certified Architect"
    first, second, third = award.jwt.split(".")
    answer = verify(changed, now, token=f"{first}.{second}.{third[:-4]}AAAA")
    assert (answer["verified"], answer["token"]) == (False, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED")


def test_expired_badge_is_refused(award: Award, now: datetime) -> None:
    answer = verify(award.document, now + timedelta(days=800), token=award.jwt)
    assert (answer["verified"], answer["token"]) == (False, "ERR_JWT_EXPIRED")


def test_revoked_badge_is_refused(award: Award, now: datetime) -> None:
    revoke(award, now)
    assert not verify(award.document, now)["verified"]


def test_suspended_badge_is_refused_until_it_is_given_back(award: Award, now: datetime) -> None:
    with suspended(award, now):
        assert not verify(award.document, now)["verified"]
    assert verify(award.document, now)["verified"]


def test_list_of_somebody_else_is_refused(award: Award, now: datetime) -> None:
    """A foreign signature, another issuer, and no signature."""
    url = award.document["credentialStatus"]["statusListCredential"]
    right = services.status_list(number=0, purpose="revocation", at=timezone.now())
    unsigned = {name: member for name, member in right.items() if name != "proof"}
    thief = Outsider()
    method = right["proof"][0]["verificationMethod"]
    forged = proofs.add_proof(unsigned, key=thief.private, method=method, at=now)
    emptied = copy.deepcopy(right)
    emptied["credentialSubject"]["encodedList"] = statuslist.encode(statuslist.bits([1]))
    for wrong in (forged, unsigned, emptied):
        assert not verify(award.document, now, lists={url: wrong})["verified"]
