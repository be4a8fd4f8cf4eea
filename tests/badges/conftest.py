"""A badge, and counts of requests that no other test has left."""

from datetime import datetime

import pytest
from django.core.cache import cache

from badges.models import Award
from tests.badges.factories import awarded


@pytest.fixture
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def award(now: datetime) -> Award:
    return awarded(now)
