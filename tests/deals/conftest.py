"""Fixtures of joint plans."""

import pytest

from lms.accounts.models import User
from lms.deals.models import JointPlan
from lms.partners.models import Membership
from tests.deals.factories import house, manager_of
from tests.deals.plans import start


@pytest.fixture
def rep(db: None) -> Membership:
    return house()


@pytest.fixture
def boss(rep: Membership) -> User:
    return manager_of(rep.partner)


@pytest.fixture
def plan(rep: Membership, boss: User) -> JointPlan:
    return start(rep.partner, boss)
