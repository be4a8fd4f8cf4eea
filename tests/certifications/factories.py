"""Certifications, and people who have met some of what they ask for."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction

from certifications import services
from certifications.models import Certification, Credential, Requirement
from courses import services as courses
from courses.models import Course, CourseVersion, Enrolment
from lms.assessments.events import AttemptScored
from lms.assessments.models import Assessment, Attempt, Item, ItemBank, ItemVersion, Response
from lms.assessments.statements import scored_id
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.services import platform_authority, record
from lms.xapi.statements import activity, build
from tests.courses.factories import enrolled, lessons, published
from tests.factories import MembershipFactory


def exam(slug: str = "presales", *, minutes: int = 60, title: str = "Pre-sales exam") -> Assessment:
    return Assessment.objects.create(
        slug=slug, title=title, time_limit_minutes=minutes, cut_score=Decimal(70), attempts_allowed=3
    )


def certification(
    *things: Course | CourseVersion | Assessment, slug: str = "engineer", **fields: object
) -> Certification:
    """A certification that asks for these courses and exams, in this order."""
    values = {
        "title": "Halden Certified Engineer",
        "criteria": "Sizes and protects storage without help.",
        "description": "For people who design with Halden.",
    } | fields
    made = Certification.objects.create(slug=slug, **values)
    for position, thing in enumerate(things, 1):
        thing = thing.course if isinstance(thing, CourseVersion) else thing
        kind = "course" if isinstance(thing, Course) else "assessment"
        Requirement.objects.create(certification=made, position=position, **{kind: thing})
    return made


def completed(version: CourseVersion, membership: Membership, at: datetime) -> Enrolment:
    """Every lesson done, the last one at `at`."""
    enrolment = enrolled(version, membership, at - timedelta(days=1))
    for lesson in lessons(version):
        courses.complete_lesson(enrolment=enrolment, lesson=lesson, at=at)
    return enrolment


@transaction.atomic
def sat(
    assessment: Assessment, membership: Membership, at: datetime, *, points: str = "8", is_passed: bool = True
) -> Attempt:
    """An attempt handed in at `at` with `points` of 10 in two sections, its statement and its event."""
    number = Attempt.objects.filter(assessment=assessment, person=membership.person).count() + 1
    attempt = Attempt.objects.create(
        assessment=assessment,
        person=membership.person,
        membership=membership,
        number=number,
        registration=uuid4(),
        started_at=at - timedelta(minutes=30),
        deadline_at=at + timedelta(minutes=30),
        cut_score=assessment.cut_score,
        submitted_at=at,
        submitted_by="candidate",
        points=Decimal(points),
        max_points=Decimal(10),
        is_passed=is_passed,
    )
    _answer(attempt, "Sizing", Decimal(points) - 4, Decimal(6), 1)
    _answer(attempt, "Security", Decimal(4), Decimal(4), 2)
    verb = vocabulary.PASSED if is_passed else vocabulary.FAILED
    about = activity(assessment.activity_iri, type=vocabulary.ASSESSMENT, name=assessment.title)
    statement = build(
        actor=membership.person,
        verb=verb,
        object=about,
        at=at,
        membership=membership,
        registration=attempt.registration,
        id=scored_id(attempt),
    )
    (statement_id,) = record([statement], authority=platform_authority(), at=at)
    emit(
        AttemptScored(
            at=at,
            attempt_id=attempt.public_id,
            person_id=membership.person.public_id,
            assessment_id=assessment.public_id,
            is_passed=is_passed,
            statement_id=statement_id,
        )
    )
    return attempt


def _answer(attempt: Attempt, section: str, points: Decimal, maximum: Decimal, position: int) -> None:
    bank, _ = ItemBank.objects.get_or_create(slug="bank", defaults={"name": "Bank"})
    item, _ = Item.objects.get_or_create(bank=bank, code=f"item-{position}")
    version, _ = ItemVersion.objects.get_or_create(
        item=item, number=1, defaults={"type": "true_false", "content": {}, "key": {}, "digest": str(position)}
    )
    Response.objects.create(
        attempt=attempt,
        item_version=version,
        position=position,
        section=section,
        shown={},
        points=points,
        max_points=maximum,
    )


def credential(at: datetime, *, membership: Membership | None = None, **fields: object) -> Credential:
    """Earned with one passed exam at `at`; events are not delivered."""
    membership = membership or MembershipFactory()
    slug = f"certification-{Certification.objects.count() + 1}"
    assessment = exam(slug)
    made = certification(assessment, slug=slug, **fields)
    sat(assessment, membership, at)
    issued = services.issue_if_earned(person=membership.person, certification=made, at=at)
    assert issued is not None
    return issued


__all__ = ["certification", "completed", "credential", "exam", "published", "sat"]
