"""Fixtures for exams."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lms.assessments.models import Assessment, Attempt
from lms.partners.models import Membership
from tests.assessments import factories
from tests.factories import MembershipFactory


@pytest.fixture
def member(db: None) -> Membership:
    return MembershipFactory()


@pytest.fixture
def other(db: None) -> Membership:
    """Somebody of another partner."""
    return MembershipFactory()


@pytest.fixture
def exam(db: None) -> Assessment:
    """Four single-choice items, 60 minutes, two attempts a day apart, cut score 70."""
    return factories.make_exam()


@pytest.fixture
def full_exam(db: None) -> Assessment:
    """One item of every type."""
    return factories.make_exam(factories.make_bank(factories.one_of_each()))


@pytest.fixture
def attempt(exam: Assessment, member: Membership, now: datetime) -> Attempt:
    return factories.start(exam, member, now)


@pytest.fixture
def browser(client: Client, member: Membership) -> Client:
    client.force_login(member.person)
    return client


@pytest.fixture
def running(full_exam: Assessment, member: Membership) -> Attempt:
    """An attempt at an exam with one item per type, started a minute ago."""
    return factories.start(full_exam, member, timezone.now() - timedelta(minutes=1))
