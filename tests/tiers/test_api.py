"""/api/v1/partners/<id>/tier/ and …/decisions/."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from lms.accounts.models import User
from lms.partners.models import Membership
from tests.factories import PartnerFactory, UserFactory
from tests.tiers.factories import certify, complete_course, member, programme

pytestmark = pytest.mark.django_db
NAMES = ["api-v1:partner-tier", "api-v1:partner-decisions"]


@pytest.fixture
def ann() -> Membership:
    programme()
    made = member(PartnerFactory(), person=UserFactory(name="Ann"))
    at: datetime = timezone.now()
    certify(made, at)
    complete_course(made, at)
    return made


def get(user: User | None, name: str, membership: Membership) -> Any:
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client.get(reverse(name, args=[membership.partner.public_id]))


def test_tier_with_its_requirements(ann: Membership) -> None:
    body = get(ann.person, "api-v1:partner-tier", ann).json()
    assert (body["tier"], body["tier_name"], body["next_tier"], body["met"], body["total"]) == (
        "select",
        "Select",
        "Premier",
        1,
        2,
    )
    assert body["requirements"][0] == {
        "id": "premier-sales",
        "name": "Certified sales people",
        "state": "unmet",
        "have": "1",
        "need": "2",
        "figure": "1, needs 2",
        "missing": "1 more person with Halden Sales",
    }
    assert [row["id"] for row in body["own_requirements"]] == ["select-sales"]
    assert (body["at_risk_on"], body["kept_until"]) == (None, None)


def test_tier_before_the_first_decision_and_without_a_programme() -> None:
    stranger = member(PartnerFactory())
    assert get(stranger.person, "api-v1:partner-tier", stranger).status_code == 404
    programme()
    body = get(stranger.person, "api-v1:partner-tier", stranger).json()
    assert (body["tier"], body["tier_name"], body["since"], body["next_tier"]) == (None, None, None, "Registered")


def test_decisions_newest_first_without_people(ann: Membership) -> None:
    response = get(ann.person, "api-v1:partner-decisions", ann)
    results = response.json()["results"]
    assert [row["number"] for row in results] == [2, 1]
    assert set(results[0]) == {"number", "tier", "previous_tier", "decided_at", "programme", "version", "digest"}
    assert (results[0]["tier"], results[0]["previous_tier"], results[1]["previous_tier"]) == ("select", "select", None)
    assert str(ann.person.public_id) not in response.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_api_is_for_members_and_channel_roles(ann: Membership, name: str) -> None:
    manager = UserFactory()
    manager.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    codes = [
        get(user, name, ann).status_code
        for user in (ann.person, manager, member(PartnerFactory()).person, UserFactory(), None)
    ]
    assert codes[:4] == [200, 200, 404, 404]
    assert codes[4] in {401, 403}


def test_decisions_ask_as_often_for_three_as_for_one(
    ann: Membership, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = member(PartnerFactory())
    certify(other, timezone.now())
    for one, count in ((other, 1), (ann, 2)):
        fresh = User.objects.get(pk=one.person.pk)
        with django_assert_num_queries(4):
            assert len(get(fresh, "api-v1:partner-decisions", one).json()["results"]) == count
