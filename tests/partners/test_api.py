"""/api/v1/partners/ and /api/v1/me/memberships/."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.accounts.services import create_token
from lms.partners import services
from lms.partners.middleware import membership_of
from tests.factories import MembershipFactory, PartnerFactory
from tests.partners.conftest import House, signed_in

pytestmark = pytest.mark.django_db
PARTNERS = "/api/v1/partners/"


def people_url(house: House) -> str:
    return reverse("api-v1:partner_people", args=[house.partner.public_id])


def names(response: object) -> list[str]:
    return [row["name"] for row in response.json()["results"]]  # type: ignore[attr-defined]


def test_partners_are_own_or_all(a: House, b: House, channel_manager: User) -> None:
    assert names(signed_in(a.rep.person).get(PARTNERS)) == ["Aster"]
    assert names(signed_in(channel_manager).get(PARTNERS)) == ["Aster", "Birch"]
    assert Client().get(PARTNERS).status_code == 401


def test_parameters_do_not_widen_what_is_seen(a: House, b: House) -> None:
    """TEN-03."""
    asked = f"{PARTNERS}?partner={b.partner.public_id}&user={b.manager.person.pk}&org=2"
    client = signed_in(a.rep.person)
    assert names(client.get(asked, headers={"X-Tenant": str(b.partner.public_id)})) == ["Aster"]


def test_partner_of_others_is_not_found(a: House, b: House) -> None:
    address = reverse("api-v1:partner", args=[b.partner.public_id])
    assert signed_in(a.manager.person).get(address).status_code == 404
    assert signed_in(b.rep.person).get(address).json()["name"] == "Birch"


def test_people_are_for_managers_and_channel_roles(a: House, b: House, channel_manager: User) -> None:
    """TEN-23: with addresses, for those who look after the people, and for nobody else."""
    seen = {
        name: signed_in(person).get(people_url(a)).status_code
        for name, person in {
            "manager": a.manager.person,
            "channel": channel_manager,
            "rep": a.rep.person,
            "stranger": b.manager.person,
        }.items()
    }
    assert seen == {"manager": 200, "channel": 200, "rep": 403, "stranger": 404}
    rows = signed_in(a.manager.person).get(people_url(a)).json()["results"]
    assert {row["person"]["email"] for row in rows} == {a.manager.person.email, a.rep.person.email}


@pytest.mark.parametrize("several", [1, 3])
def test_people_take_the_same_queries(a: House, several: int, django_assert_num_queries: object) -> None:
    MembershipFactory.create_batch(several, partner=a.partner)
    client = signed_in(a.manager.person)
    with django_assert_num_queries(7):  # type: ignore[operator]
        assert len(client.get(people_url(a)).json()["results"]) == several + 2


@pytest.mark.parametrize("several", [1, 3])
def test_partners_take_the_same_queries(channel_manager: User, several: int, django_assert_num_queries: object) -> None:
    PartnerFactory.create_batch(several)
    client = signed_in(channel_manager)
    with django_assert_num_queries(5):  # type: ignore[operator]
        assert len(client.get(PARTNERS).json()["results"]) == several


def test_pages_go_on_by_cursor(channel_manager: User) -> None:
    for number in range(3):
        PartnerFactory(name=f"P{number}")
    client = signed_in(channel_manager)
    first = client.get(f"{PARTNERS}?page_size=2").json()
    assert [row["name"] for row in first["results"]] == ["P0", "P1"]
    assert names(client.get(first["next"])) == ["P2"]


def test_my_memberships(a: House, b: House) -> None:
    rows = signed_in(a.manager.person).get("/api/v1/me/memberships/").json()["results"]
    assert [(row["partner"]["name"], row["role"]) for row in rows] == [("Aster", "manager")]


def test_token_of_a_removed_person_sees_nothing(a: House) -> None:
    """PRIV-10."""
    now = timezone.now()
    _, text = create_token(user=a.manager.person, name="CRM", scope="read", expires_at=None, at=now)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    assert client.get(people_url(a)).status_code == 200
    MembershipFactory(partner=a.partner, role="manager")
    services.leave_partner(membership=a.manager, by=None, at=now)
    assert client.get(people_url(a)).status_code == 404
    assert names(client.get(PARTNERS)) == []


def test_token_of_a_suspended_partner_is_refused(a: House, channel_manager: User) -> None:
    """TEN-25."""
    now = timezone.now()
    _, text = create_token(user=a.rep.person, name="CRM", scope="read", expires_at=None, at=now)
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    assert Client(headers={"Authorization": f"Bearer {text}"}).get("/api/v1/me/").status_code == 403


def test_token_gives_the_request_its_membership(a: House) -> None:
    _, text = create_token(user=a.rep.person, name="CRM", scope="read", expires_at=None, at=timezone.now())
    response = Client(headers={"Authorization": f"Bearer {text}"}).get(PARTNERS)
    assert membership_of(response.wsgi_request) == a.rep
