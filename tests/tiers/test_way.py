"""The cheapest way and "what if": who sees it, what it proposes, that nothing changes by looking."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.partners.models import Membership, Partner
from lms.tiers import services
from lms.tiers.models import Decision
from tests.factories import PartnerFactory, UserFactory
from tests.tiers.factories import DOCUMENT, IN_FORCE, certify, member, programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> datetime:
    return timezone.now()


@pytest.fixture
def partner(today: datetime) -> Partner:
    """Select with one certified person; two more who could be."""
    programme(effective_at=IN_FORCE)
    made = PartnerFactory(name="Kestrel")
    certify(member(made, role=Membership.Role.MANAGER, person=UserFactory(name="Mara Manager")), today)
    member(made, person=UserFactory(name="Nora New"))
    member(made, person=UserFactory(name="Otto Old"))
    services.evaluate_partner(partner=made, at=today)
    return made


def tick(partner: Partner, name: str) -> str:
    return f"{partner.memberships.get(person__name=name).public_id}:sales"


def get(user: User, partner: Partner, query: str = "", **headers: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(reverse("tiers:way", args=[partner.public_id]) + query, headers=headers)


def manager() -> User:
    return User.objects.get(name="Mara Manager")


def test_cheapest_way_is_one_certification_and_names_what_training_does_not_change(
    partner: Partner, today: datetime
) -> None:
    way = services.way_to_next(partner=partner, ticked=[], at=today)
    assert way is not None
    assert (way.tier, way.is_exact, way.bound) == ("Premier", True, 1)
    assert way.steps is not None
    (step,) = way.steps
    assert (step.certification.slug, step.minutes > 0, len(step.exams)) == ("sales", True, 1)
    assert [row.id for row in way.blockers] == ["premier-completion"]
    assert (way.what_if.count, way.what_if.is_reached) == (0, False)


def test_what_if_uses_the_evaluator_and_ignores_what_is_not_open(partner: Partner, today: datetime) -> None:
    ticks = [tick(partner, "Nora New"), tick(partner, "Mara Manager"), "nonsense", "a:b:c"]
    way = services.way_to_next(partner=partner, ticked=ticks, at=today)
    assert way is not None
    assert way.what_if.count == 1
    assert [(row.id, row.is_met) for row in way.what_if.rows] == [
        ("premier-sales", True),
        ("premier-completion", False),
    ]


def test_what_if_reaches_the_tier_when_all_holds(today: datetime) -> None:
    tiers = [DOCUMENT["tiers"][0], DOCUMENT["tiers"][1]]
    programme(document={**DOCUMENT, "tiers": tiers}, effective_at=IN_FORCE)
    made = PartnerFactory()
    certify(member(PartnerFactory()), today)
    member(made, person=UserFactory(name="Nora New"))
    way = services.way_to_next(partner=made, ticked=[tick(made, "Nora New")], at=today)
    assert way is not None
    assert (way.tier, way.what_if.is_reached, way.ticks) == ("Registered", True, ())
    services.evaluate_partner(partner=made, at=today)
    way = services.way_to_next(partner=made, ticked=[tick(made, "Nora New")], at=today)
    assert way is not None
    assert (way.tier, way.what_if.is_reached, way.ticks) == ("Select", True, (tick(made, "Nora New"),))


def test_no_way_above_the_top(today: datetime) -> None:
    programme(document={**DOCUMENT, "tiers": DOCUMENT["tiers"][:1]}, effective_at=IN_FORCE)
    made = PartnerFactory()
    services.evaluate_partner(partner=made, at=today)
    member(made, role=Membership.Role.MANAGER, person=UserFactory(name="Mara Manager"))
    assert services.way_to_next(partner=made, ticked=[], at=today) is None
    assert b"There is no higher tier" in get(manager(), made).content


def test_no_programme_no_way(today: datetime) -> None:
    with pytest.raises(services.NoProgrammeInForce):
        services.way_to_next(partner=PartnerFactory(), ticked=[], at=today)


def test_page_is_for_managers_and_channel_managers(partner: Partner) -> None:
    channel: User = UserFactory()
    channel.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    answers = [
        get(person, partner).status_code
        for person in (manager(), channel, User.objects.get(name="Nora New"), member(PartnerFactory()).person)
    ]
    assert answers == [200, 200, 403, 404]


def test_page_ticks_without_script_and_answers_htmx_with_the_fragment(partner: Partner) -> None:
    query = f"?earn={tick(partner, 'Nora New')}"
    page = get(manager(), partner, query).content.decode()
    assert f'value="{tick(partner, "Nora New")}" checked' in page
    fragment = get(manager(), partner, query, **{"HX-Request": "true"}).content.decode()
    assert "With these 1 Premier is not reached yet" in fragment
    assert "<html" not in fragment


def test_looking_changes_nothing(partner: Partner) -> None:
    before = list(Decision.objects.values_list("pk", "digest"))
    get(manager(), partner, f"?earn={tick(partner, 'Nora New')}")
    assert list(Decision.objects.values_list("pk", "digest")) == before


def test_way_asks_as_often_for_three_people_as_for_one(partner: Partner, today: datetime) -> None:
    services.way_to_next(partner=partner, ticked=[], at=today)
    with CaptureQueriesContext(connection) as few:
        services.way_to_next(partner=partner, ticked=[], at=today)
    for _ in range(3):
        member(partner)
    with CaptureQueriesContext(connection) as many:
        services.way_to_next(partner=partner, ticked=[], at=today)
    assert len(many) == len(few)
