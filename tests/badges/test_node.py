"""Badges verified by Digital Bazaar's JavaScript libraries (installed from tests/badges/node/package.json)."""

import copy
import json
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from badges import documents, jsonld
from badges.models import Award, IssuerKey
from lms.events.services import drain
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, UserFactory

FOLDER = Path(__file__).parent / "node"
pytestmark = [pytest.mark.django_db, pytest.mark.node]


def verify(document: dict[str, Any], now: datetime) -> dict[str, Any]:
    question = {
        "document": document,
        "did": documents.did_document(IssuerKey.objects.all()),
        "contexts": {url: jsonld._context(url) for url in jsonld.CONTEXTS},
        "now": now.isoformat(),
    }
    done = subprocess.run(
        ["node", "verify.js"], cwd=FOLDER, input=json.dumps(question), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", ["Ann Example", "Nguyễn Thị Phượng", "محمد علي", "佐藤 美咲", 'R&D "<b>" \\ 😀'])
def test_digital_bazaar_accepts_our_badge(now: datetime, name: str) -> None:
    credential(now, membership=MembershipFactory(person=UserFactory(name=name)))
    drain()
    assert verify(Award.objects.get().document, now) == {"verified": True, "errors": []}


def test_digital_bazaar_refuses_a_changed_and_an_expired_badge(now: datetime) -> None:
    credential(now)
    drain()
    document = Award.objects.get().document
    changed = copy.deepcopy(document)
    changed["credentialSubject"]["achievement"]["name"] = "Halden Certified Architect"
    assert not verify(changed, now)["verified"]
    assert not verify(document, now + timedelta(days=800))["verified"]
