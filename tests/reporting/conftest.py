"""A partner's person who takes courses."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from lms.events.services import drain
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.models import Authority
from lms.xapi.services import platform_authority, record
from tests.factories import MembershipFactory
from tests.reporting.factories import COURSE, course_statement

VERBS = {
    "registered": vocabulary.REGISTERED,
    "completed": vocabulary.COMPLETED,
    "withdrew": vocabulary.WITHDREW,
}


@pytest.fixture
def membership(db: None) -> Membership:
    return MembershipFactory()


@pytest.fixture
def take(membership: Membership, now: datetime) -> Callable[..., UUID]:
    """Records facts of one registration as {verb: day from now}, and has them projected."""

    def make(
        *,
        by: Membership = membership,
        registration: UUID | None = None,
        authority: Authority | None = None,
        course: str = COURSE,
        name: str = "Foundations",
        **days: float,
    ) -> UUID:
        registration = registration or uuid4()
        statements = [
            course_statement(
                VERBS[verb],
                membership=by,
                registration=registration,
                at=now + timedelta(days=day),
                course=course,
                name=name,
            )
            for verb, day in days.items()
        ]
        record(statements, authority=authority or platform_authority(), at=now)
        drain()
        return registration

    return make
