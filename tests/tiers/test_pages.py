"""Who sees which page of tiers, and what stands on it."""

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
from lms.tiers.models import Decision
from tests.factories import PartnerFactory, UserFactory
from tests.tiers.factories import IN_FORCE, certify, complete_course, member, programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> datetime:
    return timezone.now()


@pytest.fixture
def partner(today: datetime) -> Partner:
    """Select, with two certified people of whom one manages the partner, and a third who is not."""
    programme(effective_at=IN_FORCE)
    made = PartnerFactory(name="Kestrel")
    manager = member(made, role=Membership.Role.MANAGER, person=UserFactory(name="Mara Manager"))
    rep = member(made, person=UserFactory(name="Rolf Rep"))
    member(made, person=UserFactory(name="Nora New"))
    certify(manager, today)
    certify(rep, today)
    complete_course(rep, today)
    return made


def person(name: str) -> User:
    return User.objects.get(name=name)


def channel_manager() -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    return user


def addresses(partner: Partner) -> dict[str, str]:
    newest = Decision.objects.filter(partner=partner).newest().get()
    return {
        "decisions": reverse("tiers:decisions", args=[partner.public_id]),
        "decision": reverse("tiers:decision", args=[partner.public_id, newest.number]),
        "requirement": reverse("tiers:requirement", args=[partner.public_id, "premier-sales"]),
        "figure": reverse("tiers:requirement", args=[partner.public_id, "premier-completion"]),
    }


def get(user: User, url: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(url)


@pytest.mark.parametrize("page", ["decisions", "decision", "requirement", "figure"])
def test_page_is_for_members_and_channel_roles(partner: Partner, page: str) -> None:
    url = addresses(partner)[page]
    answers = {
        "rep": get(person("Rolf Rep"), url).status_code,
        "manager": get(person("Mara Manager"), url).status_code,
        "channel": get(channel_manager(), url).status_code,
        "stranger": get(member(PartnerFactory()).person, url).status_code,
        "vendor without a role": get(UserFactory(), url).status_code,
    }
    assert answers == {"rep": 200, "manager": 200, "channel": 200, "stranger": 404, "vendor without a role": 404}
    assert Client().get(url).status_code == 302
    assert Client().post(url).status_code in {302, 405}


@pytest.mark.parametrize("name", ["tiers:decision", "tiers:requirement"])
def test_page_that_is_not_there(partner: Partner, name: str) -> None:
    assert get(channel_manager(), reverse(name, args=[partner.public_id, 99])).status_code == 404


def test_requirement_page_without_a_programme() -> None:
    url = reverse("tiers:requirement", args=[PartnerFactory().public_id, "premier-sales"])
    assert get(channel_manager(), url).status_code == 404


def test_decision_explains_itself_to_the_manager(partner: Partner) -> None:
    text = get(person("Mara Manager"), addresses(partner)["decision"]).content.decode()
    newest = Decision.objects.filter(partner=partner).newest().get()
    facts = newest.inputs["facts"]
    statements = [one for who in facts["people"] for held in who["held"] for one in held["statements"]]
    statements += facts["measures"]["completion_rate_12m"]["statements"]
    assert len(statements) >= 6
    assert [one for one in statements if one not in text] == []
    for words in (
        "Why Premier?",
        "Mara Manager",
        "Rolf Rep",
        "100%, needs 60%",
        "same result",
        newest.digest,
        "version 1",
    ):
        assert words in text, words


def test_decision_shows_a_rep_himself_and_no_colleague_nor_record(partner: Partner) -> None:
    for page in ("decision", "requirement", "figure"):
        response = get(person("Rolf Rep"), addresses(partner)[page])
        text = response.content.decode()
        assert "Mara Manager" not in text
        assert "Nora New" not in text
        assert "learning record</summary>" not in text
        assert "learning records</summary>" not in text
    assert "Rolf Rep" in get(person("Rolf Rep"), addresses(partner)["requirement"]).content.decode()


def test_requirement_page_names_who_counts_and_who_could(partner: Partner) -> None:
    response = get(person("Mara Manager"), addresses(partner)["requirement"])
    text = response.content.decode()
    assert (
        text.index("Who counts") < text.index("Rolf Rep") < text.index("Who could count next") < text.index("Nora New")
    )


def test_tampered_decision_is_shown_as_such(partner: Partner) -> None:
    Decision.objects.update(digest="0" * 64)
    assert "differs" in get(channel_manager(), addresses(partner)["decision"]).content.decode()


def test_log_says_what_moved(partner: Partner) -> None:
    text = get(person("Mara Manager"), addresses(partner)["decisions"]).content.decode()
    assert "Certified sales people: 1 → 2" in text
    assert "first evaluation" in text


def test_older_decision_says_that_a_later_one_stands(partner: Partner) -> None:
    url = reverse("tiers:decision", args=[partner.public_id, 1])
    assert "A later decision stands" in get(channel_manager(), url).content.decode()


def test_names_are_escaped(partner: Partner) -> None:
    User.objects.filter(name="Rolf Rep").update(name="<script>alert(1)</script>")
    for page in ("decision", "requirement"):
        assert b"<script>alert" not in get(channel_manager(), addresses(partner)[page]).content


@pytest.mark.parametrize("page", ["requirement", "decisions", "decision"])
def test_page_asks_as_often_for_three_people_as_for_one(today: datetime, page: str) -> None:
    """Compared, not literal: the frame around the page has queries of its own."""
    programme(effective_at=IN_FORCE)
    made = PartnerFactory()
    certify(member(made), today)
    member(made)
    client = Client()
    client.force_login(channel_manager())
    client.get(addresses(made)[page])
    with CaptureQueriesContext(connection) as one:
        client.get(addresses(made)[page])
    for _ in range(2):
        certify(member(made), today)
        member(made)
    with CaptureQueriesContext(connection) as three:
        client.get(addresses(made)[page])
    assert len(three) == len(one)
