"""What is A's stays A's: TEN-01, TEN-02, TEN-03, TEN-05."""

from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from tests.security.pages import STARTS, Page, crawl, posted_forms, read
from tests.security.tables import nothing_changes
from tests.security.test_access_matrix import addresses
from tests.security.world import MARKER, World

pytestmark = pytest.mark.django_db
# Meant to be shown to whoever holds the address: a certificate's proof, a badge, an invitation.
SHARED = ("/verify/", "/copies/", "/badges/", "/awards/", "/achievements/", "/invitations/")
# Counted addresses; they stand below an unguessable one whose owner is asked first. Status lists are counted and public.
COUNTED = {
    *("tiers:decision", "tiers:decision_paper", "tiers:appeal_new", "tiers:act_step"),
    *("assessments:item", "assessments:answer_file", "assessments:flag", "badges:status_list", "assets:version"),
    *("deals:rules_version", "deals:rules_text", "deals:rules_withdraw"),  # the vendor's own, for its channel roles
}


@pytest.fixture(scope="module")
def pages_of_a(world: World, media: Path, django_db_blocker: Any) -> dict[str, Page]:
    """Everything A's member and manager reach."""
    starts = [*STARTS, f"/partners/{world.a.public_id}/", reverse("assessments:review", args=[world.open.public_id])]
    files = override_settings(MEDIA_ROOT=media)
    with files, django_db_blocker.unblock(), transaction.atomic():
        pages = {**crawl(world.client("own"), starts), **crawl(world.client("manager"), starts)}
        transaction.set_rollback(True)
    return pages


def test_pages_of_a_are_shown_to_nobody_else(world: World, pages_of_a: dict[str, Page]) -> None:
    """TEN-01."""
    assert sum(MARKER in page.text.lower() for page in pages_of_a.values()) > 10
    leaks = []
    for role in ("other", "other_manager", "anonymous"):
        client = world.client(role, raise_request_exception=False)
        for address in pages_of_a:
            if not address.startswith(SHARED):
                page = read(client, address)
                if page.status == 200 and (MARKER in page.text.lower() or str(world.a.public_id) in page.text):
                    leaks.append((role, address))
    assert leaks == []


def test_forms_of_a_are_refused_to_b(world: World, pages_of_a: dict[str, Page]) -> None:
    """TEN-05: what B posts to A's addresses changes nothing."""
    own = {str(row.public_id) for row in (world.a, world.invitation, world.open, world.scored, *world.members.values())}
    forms = {
        address: fields
        for page in pages_of_a.values()
        for address, fields in posted_forms(page)
        if any(one in address for one in own)
    }
    assert len(forms) >= 3
    with nothing_changes():
        for role in ("other", "other_manager", "anonymous"):
            client = world.client(role, raise_request_exception=False)
            answers = {address: client.post(address, fields).status_code for address, fields in forms.items()}
            allowed = {302} if role == "anonymous" else {403, 404}
            assert set(answers.values()) <= allowed, answers


def test_counted_addresses_are_known() -> None:
    """TEN-02: nothing else can be counted through."""
    assert {name for name, pattern in addresses() if "<int:" in pattern} == COUNTED


@pytest.mark.parametrize("number", range(4))
def test_counting_finds_nothing_of_a(world: World, number: int) -> None:
    client = world.client("other_manager")
    for address in (
        reverse("tiers:decision", args=[world.a.public_id, number]),
        reverse("assessments:item", args=[world.open.public_id, number]),
        reverse("assessments:answer_file", args=[world.open.public_id, number]),
    ):
        assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        *("/", "/my/learning/", "/my/certificates/", "/catalogue/", "/account/"),
        *("/api/v1/me/", "/api/v1/me/memberships/", "/api/v1/partners/", "/api/v1/enrolments/"),
        *("/api/v1/credentials/", "/api/v1/attempts/", "/api/v1/exams/", "/api/v1/catalogue/"),
    ],
)
def test_parameters_do_not_widen_what_is_shown(world: World, address: str) -> None:
    """TEN-03."""
    a, own = world.a, world.people["own"]
    values: dict[str, Any] = {"org": a.public_id, "partner": a.public_id, "tenant": a.slug, "user": own.public_id}
    values |= {"person": own.pk, "membership": world.members["own"].public_id, "person__email": own.email}
    client = world.client("other_manager")
    for name, value in values.items():
        answer = client.get(address, {name: value}, headers={"X-Tenant": str(a.public_id), "X-User": str(own.pk)})
        assert answer.status_code in {200, 400, 403, 404}, (name, answer.status_code)
        assert MARKER not in answer.content.decode().lower(), name
