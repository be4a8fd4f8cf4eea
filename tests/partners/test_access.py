"""Suspending a partner and giving access back, by the page."""

import pytest
from django.test import Client
from django.urls import reverse

from lms.accounts.models import AuditEntry, User
from tests.partners.conftest import House, signed_in

pytestmark = pytest.mark.django_db


def url(house: House) -> str:
    return reverse("partners:access", args=[house.partner.public_id])


def suspend(house: House, by: User, reason: str = "Contract ended") -> Client:
    client = signed_in(by)
    client.post(url(house), {"action": "suspend", "reason": reason})
    house.partner.refresh_from_db()
    return client


def test_partner_page_leads_there_for_channel_roles_alone(a: House, channel_manager: User) -> None:
    page = reverse("portal:partner", args=[a.partner.public_id])
    assert url(a) in signed_in(channel_manager).get(page).content.decode()
    assert url(a) not in signed_in(a.manager.person).get(page).content.decode()


def test_suspended_people_are_refused_at_their_next_request(a: House, b: House, channel_manager: User) -> None:
    inside, elsewhere = signed_in(a.rep.person), signed_in(b.rep.person)
    assert inside.get("/").status_code == 200
    suspend(a, channel_manager)
    assert inside.get("/").status_code == 403
    assert elsewhere.get("/").status_code == 200


def test_suspension_is_told_with_who_and_why_to_channel_roles(a: House, channel_manager: User) -> None:
    text = suspend(a, channel_manager).get(url(a)).content.decode()
    assert "Contract ended" in text
    assert channel_manager.name in text
    assert AuditEntry.objects.filter(action="partners.suspend_partner").count() == 1


def test_suspending_twice_keeps_the_first_reason(a: House, channel_manager: User) -> None:
    suspend(a, channel_manager)
    suspend(a, channel_manager, reason="Another")
    assert a.partner.suspension_reason == "Contract ended"
    assert AuditEntry.objects.filter(action="partners.suspend_partner").count() == 1


@pytest.mark.parametrize("reason", ["", " \t ", "…", "x" * 301, "nul\x00"])
def test_suspension_needs_a_reason_in_words(a: House, channel_manager: User, reason: str) -> None:
    suspend(a, channel_manager, reason=reason)
    assert a.partner.suspended_at is None


def test_access_is_given_back(a: House, channel_manager: User) -> None:
    client = suspend(a, channel_manager)
    inside = signed_in(a.rep.person)
    assert inside.get("/").status_code == 403
    for _ in range(2):
        client.post(url(a), {"action": "reinstate"})
    a.partner.refresh_from_db()
    assert a.partner.suspended_at is None
    assert inside.get("/").status_code == 200
    assert AuditEntry.objects.filter(action="partners.reinstate_partner").count() == 1


@pytest.mark.parametrize("data", [{}, {"action": "sell"}, {"action": "suspend"}])
def test_what_is_not_understood_changes_nothing(a: House, channel_manager: User, data: dict[str, str]) -> None:
    assert signed_in(channel_manager).post(url(a), data).status_code == 200
    a.partner.refresh_from_db()
    assert a.partner.suspended_at is None


def test_page_is_for_channel_roles(a: House, b: House) -> None:
    data = {"action": "suspend", "reason": "Envy"}
    assert signed_in(a.manager.person).post(url(a), data).status_code == 403
    assert signed_in(b.manager.person).post(url(a), data).status_code == 404
    assert Client().post(url(a), data).headers["Location"].startswith("/accounts/login/")
    a.partner.refresh_from_db()
    assert a.partner.suspended_at is None
