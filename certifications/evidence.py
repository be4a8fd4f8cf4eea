"""What a person has done towards certifications: the facts that requirements are checked against."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from certifications.models import Certification, Requirement
from certifications.snapshot import Met
from courses.models import Enrolment
from lms.accounts.models import User
from lms.assessments.models import Attempt
from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, verb_key
from lms.xapi.models import Statement


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Completed enrolments by course id, and the newest passed attempt by assessment id."""

    enrolments: dict[int, Enrolment]
    attempts: dict[int, Attempt]

    def of(self, requirement: Requirement) -> Enrolment | Attempt | None:
        """What meets the requirement; None when it is not met."""
        if requirement.course_id is not None:
            return self.enrolments.get(requirement.course_id)
        return self.attempts.get(requirement.assessment_id or 0)


def requirements_of(certification: Certification) -> list[Requirement]:
    """In order, with course and assessment loaded."""
    return list(certification.requirements.select_related("course", "assessment").order_by("position"))


def gather(person: User, requirements: Iterable[Requirement], at: datetime) -> Evidence:
    """What `person` had completed and passed by `at`. Two queries."""
    requirements = list(requirements)
    enrolments = Enrolment.objects.filter(
        person=person, course__in=[r.course_id for r in requirements if r.course_id], completed_at__lte=at
    )
    attempts = Attempt.objects.passed().filter(
        person=person,
        assessment__in=[r.assessment_id for r in requirements if r.assessment_id],
        submitted_at__lte=at,
    )
    memberships = ("membership__partner", "membership__persona")
    return Evidence(
        enrolments={e.course_id: e for e in enrolments.select_related(*memberships).order_by("completed_at")},
        attempts={a.assessment_id: a for a in attempts.select_related(*memberships).order_by("submitted_at", "pk")},
    )


def met_requirements(requirements: Iterable[Requirement], evidence: Evidence) -> tuple[Met, ...]:
    """Each requirement with the trusted statement that tells of it. All must be met. One query."""
    wanted = {}
    for requirement in requirements:
        fact, thing = evidence.of(requirement), requirement.course or requirement.assessment
        assert fact is not None  # noqa: S101  what the caller promises
        assert thing is not None  # noqa: S101  what the constraint says
        verb = vocabulary.COMPLETED if requirement.course_id else vocabulary.PASSED
        wanted[requirement] = (fact.registration, verb_key(verb), activity_key(thing.activity_iri))
    keys = ("registration", "verb_key", "object_key")
    registrations = [registration for registration, _, _ in wanted.values()]
    stored = Statement.objects.filter(registration__in=registrations, authority__is_trusted=True, voided_by=None)
    found = {tuple(row[1:]): row[0] for row in stored.order_by("pk").values_list("statement_id", *keys)}
    return tuple(
        Met(
            kind="course" if requirement.course_id else "exam",
            title=str(requirement),
            statement_id=str(found[key]) if key in found else None,
        )
        for requirement, key in wanted.items()
    )
