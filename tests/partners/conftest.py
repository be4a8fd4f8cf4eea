"""Two partners, A and B, with a manager and a rep each, and a channel manager of the vendor."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from lms.accounts.models import User
from lms.partners.models import Membership, Partner
from tests.factories import MembershipFactory, PartnerFactory, PersonaFactory, UserFactory


@dataclass(frozen=True)
class House:
    """A partner with its people."""

    partner: Partner
    manager: Membership
    rep: Membership


def build_house(name: str) -> House:
    partner = PartnerFactory(name=name)
    return House(
        partner=partner,
        manager=MembershipFactory(partner=partner, person__name=f"Manager {name}", role=Membership.Role.MANAGER),
        rep=MembershipFactory(partner=partner, person__name=f"Rep {name}", persona=PersonaFactory()),
    )


@pytest.fixture
def a(db: None) -> House:
    return build_house("Aster")


@pytest.fixture
def b(db: None) -> House:
    return build_house("Birch")


@pytest.fixture
def channel_manager(db: None) -> User:
    user = UserFactory(name="Channel manager")
    user.groups.add(Group.objects.get(name="Channel managers"))
    return user


def signed_in(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client
