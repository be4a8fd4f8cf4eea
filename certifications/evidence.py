"""What a person has done towards certifications: the facts that requirements are checked against."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from certifications.models import Certification, Credential, Requirement
from certifications.snapshot import Met
from courses.models import Enrolment
from lms.accounts.models import User
from lms.assessments.models import Attempt
from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, verb_key
from lms.xapi.models import Statement


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Completed enrolments by course id, the newest passed attempt by assessment id, and a credential that holds by
    the certification it stands for."""

    enrolments: dict[int, Enrolment]
    attempts: dict[int, Attempt]
    credentials: dict[int, Credential] = field(default_factory=dict)

    def of(self, requirement: Requirement) -> Enrolment | Attempt | Credential | None:
        """What meets the requirement; None when it is not met."""
        if requirement.course_id is not None:
            return self.enrolments.get(requirement.course_id)
        if requirement.needed_id is not None:
            return self.credentials.get(requirement.needed_id)
        return self.attempts.get(requirement.assessment_id or 0)

    def meets(self, requirements: list[Requirement], *, any_is_enough: bool) -> bool:
        """Whether all of them hold, or one; no requirement is never met."""
        held = [self.of(requirement) is not None for requirement in requirements]
        return bool(held) and (any(held) if any_is_enough else all(held))

    def since(self, moment: datetime) -> "Evidence":
        """Only what was done after `moment`: what a renewal counts."""
        return Evidence(
            enrolments={key: one for key, one in self.enrolments.items() if (one.completed_at or moment) > moment},
            attempts={key: one for key, one in self.attempts.items() if (one.submitted_at or moment) > moment},
            credentials=self.credentials,
        )


def requirements_of(certification: Certification) -> list[Requirement]:
    """In order, those for a renewal among them, with what they ask for loaded."""
    return list(certification.requirements.select_related("course", "assessment", "needed").order_by("position"))


def gather(person: User, requirements: Iterable[Requirement], at: datetime) -> Evidence:
    """What `person` had completed, passed and held by `at`. Two queries, and two more where another certification is
    asked for."""
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
        credentials=held_of(person, {r.needed_id for r in requirements if r.needed_id}, at),
    )


def held_of(person: User, needed: set[int], at: datetime) -> dict[int, Credential]:
    """Of the certifications with these ids, what `person` holds at `at`: it itself, or an equivalent."""
    if not needed:
        return {}
    pairs = Certification.equivalents.through.objects.filter(from_certification__in=needed)
    stands_for: dict[int, set[int]] = {one: {one} for one in needed}
    for wanted, equivalent in pairs.values_list("from_certification_id", "to_certification_id"):
        stands_for[wanted].add(equivalent)
    held = Credential.objects.valid(at.astimezone(UTC).date()).filter(person=person, issued_at__lte=at)
    by_certification = {
        one.certification_id: one
        for one in held.filter(certification__in=set().union(*stands_for.values())).order_by("sequence")
    }
    found: dict[int, Credential] = {}
    for wanted, accepted in stands_for.items():
        standing = [by_certification[one] for one in sorted(accepted) if one in by_certification]
        if standing:
            found[wanted] = by_certification.get(wanted, standing[0])
    return found


def met_requirements(requirements: Iterable[Requirement], evidence: Evidence) -> tuple[Met, ...]:
    """Each requirement that is met, with the trusted statement that tells of it. One query."""
    facts = [(requirement, evidence.of(requirement)) for requirement in requirements]
    wanted = {
        requirement: _key(requirement, fact)
        for requirement, fact in facts
        if fact is not None and not isinstance(fact, Credential)
    }
    keys = ("registration", "verb_key", "object_key")
    registrations = [registration for registration, _, _ in wanted.values()]
    stored = Statement.objects.filter(registration__in=registrations, authority__is_trusted=True, voided_by=None)
    found = {tuple(row[1:]): row[0] for row in stored.order_by("pk").values_list("statement_id", *keys)}
    met = []
    for requirement, fact in facts:
        if isinstance(fact, Credential):
            said = fact.as_issued
            met.append(Met(kind="certification", title=said.title, statement_id=said.statement_id or None))
        elif fact is not None:
            statement = found.get(wanted[requirement])
            kind = "course" if requirement.course_id else "exam"
            met.append(Met(kind=kind, title=str(requirement), statement_id=str(statement) if statement else None))
    return tuple(met)


def _key(requirement: Requirement, fact: Enrolment | Attempt) -> tuple[UUID, UUID, UUID]:
    thing = requirement.course or requirement.assessment
    assert thing is not None  # noqa: S101  what the constraint says
    verb = vocabulary.COMPLETED if requirement.course_id else vocabulary.PASSED
    return fact.registration, verb_key(verb), activity_key(thing.activity_iri)
