"""Kestrel and Merlin under a programme, each with a manager and a rep; answers for a need."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from lms.accounts.models import User
from lms.common import needs
from lms.events.services import drain
from lms.partners.models import Membership, Partner
from lms.tiers.services import evaluate_partner
from tests.factories import MembershipFactory, PartnerFactory, PersonaFactory, UserFactory
from tests.tiers.factories import programme


@dataclass(frozen=True)
class House:
    """A partner with its people."""

    partner: Partner
    manager: Membership
    rep: Membership


def build_house(name: str, at: datetime) -> House:
    """A partner that was evaluated once."""
    partner = PartnerFactory(name=name)
    manager = MembershipFactory(partner=partner, person__name=f"Mira {name}", role=Membership.Role.MANAGER)
    rep = MembershipFactory(partner=partner, person__name=f"Rolf {name}", persona=PersonaFactory())
    evaluate_partner(partner=partner, at=at)
    partner.refresh_from_db()
    return House(partner, manager, rep)


@pytest.fixture
def at() -> datetime:
    """Pages show today."""
    return timezone.now()


@pytest.fixture
def kestrel(db: None, at: datetime) -> House:
    programme()
    return build_house("Kestrel", at)


@pytest.fixture
def merlin(kestrel: House, at: datetime) -> House:
    return build_house("Merlin", at)


@pytest.fixture
def channel_manager(db: None) -> User:
    user = UserFactory(name="Efua Quartey")
    user.groups.add(Group.objects.get(name="Channel managers"))
    return user


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[needs.NeedLink]]:
    """The links that the only provider offers for "Close a deal"; add to it."""
    links: list[needs.NeedLink] = []
    monkeypatch.setattr(needs, "_providers", [])
    needs.register(lambda _: {"close-a-deal": links})
    return links


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, path: str) -> str:
    """The text of a page that opens. What happened before is delivered first."""
    drain()
    response = client.get(path)
    assert response.status_code == 200, path
    return str(response.content.decode())
