"""What a completion rate counts."""

from datetime import timedelta
from fractions import Fraction
from uuid import uuid4

import pytest

from lms.events.services import drain
from lms.reporting import services
from lms.xapi import vocabulary
from lms.xapi.services import platform_authority, record
from tests.factories import MembershipFactory
from tests.reporting.factories import course_statement

pytestmark = pytest.mark.django_db


def test_completion_rate_counts_registrations(now):
    membership = MembershipFactory()
    partner = membership.partner
    for days in (None, 3):
        registration = uuid4()
        facts = [course_statement(vocabulary.REGISTERED, membership=membership, registration=registration, at=now)]
        if days:
            done = now + timedelta(days=days)
            facts.append(
                course_statement(vocabulary.COMPLETED, membership=membership, registration=registration, at=done)
            )
        record(facts, authority=platform_authority(), at=now)
    drain()
    rate = services.completion_rate(partner=partner, since=now, until=now + timedelta(days=30))
    assert (rate.numerator, rate.denominator, rate.share, rate.percent) == (1, 2, Fraction(1, 2), 50)
