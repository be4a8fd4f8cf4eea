"""/api/v1/credentials/."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from certifications.models import Credential
from lms.events.services import drain
from tests.certifications.factories import credential
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

pytestmark = pytest.mark.django_db


def client(person: Any) -> APIClient:
    made = APIClient()
    made.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return made


@pytest.fixture
def issued_at() -> datetime:
    return timezone.now() - timedelta(days=1)


def test_list_holds_mine(issued_at: datetime) -> None:
    member = MembershipFactory()
    mine = credential(issued_at, membership=member)
    credential(issued_at)
    drain()
    (row,) = client(member.person).get("/api/v1/credentials/").json()["results"]
    assert (row["id"], row["status"], row["verify_url"]) == (mine.public_id, "valid", mine.verify_url)
    assert row["badge_path"].startswith("/badges/awards/")


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_as_often_for_three_as_for_one(count: int, issued_at: datetime) -> None:
    member = MembershipFactory()
    for _ in range(count):
        credential(issued_at, membership=member)
    session = client(member.person)
    with CaptureQueriesContext(connection) as queries:
        assert len(session.get("/api/v1/credentials/").json()["results"]) == count
    assert len(queries) == 5


def test_partners_list_is_for_its_manager(issued_at: datetime) -> None:
    member = MembershipFactory()
    mine = credential(issued_at, membership=member)
    credential(issued_at)
    manager = MembershipFactory(partner=member.partner, role="manager")
    address = f"/api/v1/credentials/?partner={member.partner.public_id}"
    assert [row["id"] for row in client(manager.person).get(address).json()["results"]] == [mine.public_id]
    assert client(member.person).get(address).status_code == 403
    assert client(MembershipFactory(role="manager").person).get(address).status_code == 404
    other = PartnerFactory()
    assert client(manager.person).get(f"/api/v1/credentials/?partner={other.public_id}").status_code == 404


def test_list_filters_by_todays_status(issued_at: datetime) -> None:
    member = MembershipFactory()
    valid = credential(issued_at, membership=member)
    expired = credential(issued_at - timedelta(days=800), membership=member)
    revoked = credential(issued_at, membership=member)
    Credential.objects.filter(pk=revoked.pk).update(
        revoked_at=issued_at, revoked_by=UserFactory(), revocation_reason="Copied"
    )
    session = client(member.person)
    for status, wanted in [("valid", valid), ("expired", expired), ("revoked", revoked)]:
        rows = session.get(f"/api/v1/credentials/?status={status}").json()["results"]
        assert [(row["id"], row["status"]) for row in rows] == [(wanted.public_id, status)]


@pytest.mark.parametrize("query", ["partner=1", "partner=' or 1", "status=lost"])
def test_list_refuses_bad_filters(query: str) -> None:
    response = client(MembershipFactory().person).get(f"/api/v1/credentials/?{query}")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("query", ["ordering=person__password", "person__email__startswith=a", "user=1"])
def test_list_ignores_what_it_does_not_know(query: str, issued_at: datetime) -> None:
    """TEN-09: filters never reach through relations."""
    member = MembershipFactory()
    mine = credential(issued_at, membership=member)
    credential(issued_at)
    rows = client(member.person).get(f"/api/v1/credentials/?{query}").json()["results"]
    assert [row["id"] for row in rows] == [mine.public_id]


def test_detail_tells_the_evidence(issued_at: datetime) -> None:
    member = MembershipFactory()
    mine = credential(issued_at, membership=member)
    row = client(member.person).get(f"/api/v1/credentials/{mine.public_id}/").json()
    assert row["statement_id"] == mine.as_issued.statement_id
    assert [met["statement_id"] for met in row["requirements"]] == mine.as_issued.statement_ids
    assert row["badge_path"] is None


def test_detail_of_others_is_404(issued_at: datetime) -> None:
    other = credential(issued_at)
    assert client(MembershipFactory().person).get(f"/api/v1/credentials/{other.public_id}/").status_code == 404
    assert APIClient().get(f"/api/v1/credentials/{other.public_id}/").status_code in {401, 403}


def test_credentials_cannot_be_made_by_api(issued_at: datetime) -> None:
    """CERT-11: only the issuing service makes a credential."""
    session = client(credential(issued_at).person)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(session, method)("/api/v1/credentials/", {"certification": "x"}).status_code == 405
    assert Credential.objects.count() == 1
