"""Completion rates over the API, and who may see them."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group

from lms.partners.models import Membership
from tests.factories import MembershipFactory, UserFactory


@pytest.fixture
def address(membership):
    return f"/api/v1/partners/{membership.partner.public_id}/completion-rates/"


@pytest.fixture
def manager(client, membership):
    who = MembershipFactory(partner=membership.partner, role=Membership.Role.MANAGER)
    client.force_login(who.person)
    return who


def test_a_manager_sees_his_partners_rates(client, take, now, manager, address):
    take(registered=1, completed=2)
    take(registered=1)
    window = {"since": now.isoformat(), "until": (now + timedelta(days=30)).isoformat()}
    response = client.get(address, window)
    assert response.status_code == 200
    body = response.json()
    assert {name: body["overall"][name] for name in ("numerator", "denominator", "percent")} == {
        "numerator": 1,
        "denominator": 2,
        "percent": 50,
    }
    assert body["overall"]["as_of"] is not None
    assert [(group["name"], group["rate"]["percent"]) for group in body["by_course"]] == [("Foundations", 50)]
    assert [(group["key"], group["rate"]["percent"]) for group in body["by_persona"]] == [("sales_rep", 50)]


def test_without_dates_it_is_the_last_twelve_months(client, manager, address):
    overall = client.get(address).json()["overall"]
    assert overall["denominator"] == 0
    assert overall["percent"] is None


def test_a_channel_manager_sees_every_partners_rates(client, address):
    user = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    client.force_login(user)
    assert client.get(address).status_code == 200


def test_a_member_is_refused_and_a_stranger_finds_nothing(client, membership, address):
    client.force_login(membership.person)
    assert client.get(address).status_code == 403
    client.force_login(MembershipFactory(role=Membership.Role.MANAGER).person)
    assert client.get(address).status_code == 404
    assert client.get(f"/api/v1/partners/{uuid4()}/completion-rates/").status_code == 404


@pytest.mark.parametrize(
    "window",
    [
        {"since": "yesterday"},
        {"until": "1999-01-01T00:00:00Z"},
        {"since": "2027-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"since": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_wrong_window_is_refused(client, manager, address, window):
    assert client.get(address, window).status_code == 400
