"""Sponsors and counterparts: each side names its own, who leaves is a gap, what was stays as history."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from lms.accounts.models import AuditEntry, User
from lms.partners import services
from lms.partners.models import Counterpart, Membership
from lms.partners.sides import Function, Side
from tests.factories import MembershipFactory, PersonaFactory, UserFactory
from tests.partners.conftest import House, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def boss(db: None) -> User:
    """An executive of the vendor."""
    user = UserFactory(name="Vera Vendor", email="vera@halden.example")
    user.groups.add(Group.objects.get(name="Executives"))
    return user
