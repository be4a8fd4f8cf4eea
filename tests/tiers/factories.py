"""A programme in force, partners with people, and people certified through the real services."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group

from certifications.models import Certification, Credential
from lms.accounts.models import User
from lms.events.services import drain
from lms.partners.models import Membership, Partner
from lms.partners.rules import CHANNEL_MANAGERS, PORTAL_MANAGERS
from lms.tiers import services
from lms.tiers.models import Programme, ProgrammeVersion
from tests.certifications.factories import certification, completed, exam, sat
from tests.courses.factories import published
from tests.factories import MembershipFactory, TierNameFactory, UserFactory

IN_FORCE = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)

DOCUMENT: dict[str, Any] = {
    "id": "halden-partners",
    "name": "Halden Partners",
    "cumulative": True,
    "labels": {"sales": "Halden Sales", "completion_rate_12m": "Training completion, last 12 months"},
    "units": {"completion_rate_12m": "share"},
    "tiers": [
        {"id": "registered", "requires": {"all": []}},
        {
            "id": "select",
            "requires": {
                "all": [{"id": "sales", "label": "Certified sales people", "people": {"any_of": ["sales"], "min": 1}}]
            },
        },
        {
            "id": "premier",
            "requires": {
                "all": [
                    {"id": "sales", "label": "Certified sales people", "people": {"any_of": ["sales"], "min": 2}},
                    {"id": "completion", "metric": "completion_rate_12m", "gte": 0.6},
                ]
            },
        },
    ],
}


def programme(*, document: dict[str, Any] | None = None, effective_at: datetime = IN_FORCE) -> ProgrammeVersion:
    """Rules in force; with another document the next version."""
    for slug in ("registered", "select", "premier"):
        TierNameFactory(slug=slug)
    made, _ = Programme.objects.get_or_create(slug="halden-partners", defaults={"name": "Halden Partners"})
    return services.publish_programme(
        programme=made, document=document or DOCUMENT, effective_at=effective_at, by=None, at=effective_at
    )


def staff(group: str = CHANNEL_MANAGERS, **fields: Any) -> User:
    """A person of the vendor with a role."""
    user: User = UserFactory(**fields)
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    return user


def approver(function: str, at: datetime, **fields: Any) -> User:
    """A person who speaks for a function."""
    person = staff("Legal", **fields)
    services.appoint_approver(function=function, person=person, reason="Head of it", by=staff(PORTAL_MANAGERS), at=at)
    return person


def member(partner: Partner, **fields: Any) -> Membership:
    return MembershipFactory(partner=partner, **fields)


def certify(membership: Membership, at: datetime, *, slug: str = "sales") -> Credential:
    """The person passes the exam of the certification at `at`; everything that follows from it is delivered."""
    wanted = Certification.objects.filter(slug=slug).first() or certification(
        exam(slug), slug=slug, title=slug.capitalize()
    )
    requirement = wanted.requirements.get()
    assert requirement.assessment is not None
    sat(requirement.assessment, membership, at)
    drain()
    return Credential.objects.get(certification=wanted, person=membership.person, sequence=1)


def complete_course(membership: Membership, at: datetime) -> None:
    """A course of one lesson, enrolled the day before and completed at `at`, delivered."""
    completed(published(1, at=LONG_AGO), membership, at)
    drain()


def later(at: datetime, days: int) -> datetime:
    return at + timedelta(days=days)
