"""What a person has done towards certifications: the facts that requirements are checked against."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from certifications.models import Certification, Credential, Requirement, Submission
from certifications.points import Earned
from certifications.snapshot import Met
from certifications.statements import accepted_id
from certifications.validity import expiry_date
from courses.models import Enrolment
from lms.accounts.models import User
from lms.assessments.models import Attempt
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, verb_key
from lms.xapi.models import Statement


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Completed enrolments by course id, the newest passed attempt by assessment id, a credential that holds by the
    certification it stands for, and the newest accepted practice evidence by task id. `points` are what a renewal by
    continuing points rests on."""

    enrolments: dict[int, Enrolment]
    attempts: dict[int, Attempt]
    credentials: dict[int, Credential] = field(default_factory=dict)
    practice: dict[int, Submission] = field(default_factory=dict)
    points: tuple[Earned, ...] = ()

    def of(self, requirement: Requirement) -> Enrolment | Attempt | Credential | Submission | None:
        """What meets the requirement; None when it is not met."""
        if requirement.course_id is not None:
            return self.enrolments.get(requirement.course_id)
        if requirement.needed_id is not None:
            return self.credentials.get(requirement.needed_id)
        if requirement.practice_id is not None:
            return self.practice.get(requirement.practice_id)
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
            practice={key: one for key, one in self.practice.items() if (one.decided_at or moment) > moment},
        )

    def only(self, requirements: list[Requirement]) -> "Evidence":
        """What these requirements rest on, and nothing else that was read."""
        courses = {one.course_id for one in requirements}
        exams = {one.assessment_id for one in requirements}
        tasks = {one.practice_id for one in requirements}
        return Evidence(
            enrolments={key: one for key, one in self.enrolments.items() if key in courses},
            attempts={key: one for key, one in self.attempts.items() if key in exams},
            credentials=self.credentials,
            practice={key: one for key, one in self.practice.items() if key in tasks},
        )

    @property
    def attempt(self) -> Attempt | None:
        """The last one passed."""
        return max(self.attempts.values(), key=lambda one: one.submitted_at or one.started_at, default=None)

    @property
    def membership(self) -> Membership | None:
        """For whom the last of it was done; None where nothing was done for anybody."""
        facts = [(one.completed_at, one.membership) for one in self.enrolments.values()]
        facts += [(one.submitted_at, one.membership) for one in self.attempts.values()]
        facts += [(one.submitted_at, one.membership) for one in self.practice.values()]
        facts += [(one.at, one.membership) for one in self.points]
        dated = [(moment, membership) for moment, membership in facts if moment is not None]
        return max(dated, key=lambda fact: fact[0])[1] if dated else None


def requirements_of(certification: Certification) -> list[Requirement]:
    """In order, those for a renewal among them, with what they ask for loaded."""
    return list(
        certification.requirements.select_related("course", "assessment", "needed", "practice").order_by("position")
    )


def gather(person: User, requirements: Iterable[Requirement], at: datetime) -> Evidence:
    """What `person` had completed, passed, shown and held by `at`, of what one certification asks for. Two queries,
    one more where practice is asked for, and two where another certification is."""
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
        practice=shown_by(person, requirements, at),
    )


def shown_by(person: User, requirements: Iterable[Requirement], at: datetime) -> dict[int, Submission]:
    """By task, the newest evidence that was accepted by `at` and still counts for the certification that asks."""
    asked = {one.practice_id: one.certification for one in requirements if one.practice_id}
    if not asked:
        return {}
    accepted = Submission.objects.accepted().filter(person=person, task__in=asked, decided_at__lte=at)
    newest = {
        one.task_id: one
        for one in accepted.select_related("membership__partner", "membership__persona").order_by("decided_at", "pk")
    }
    return {key: one for key, one in newest.items() if key is not None and still_counts(one, asked[key], at)}


def still_counts(accepted: Submission, certification: Certification, at: datetime) -> bool:
    """Evidence counts for so many months as the certification says, the last day included (UTC)."""
    assert accepted.decided_at is not None  # noqa: S101  what the constraint says
    last = expiry_date(accepted.decided_at.astimezone(UTC).date(), certification.practice_months)
    return last is None or at.astimezone(UTC).date() <= last


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
    """Each requirement that is met and each continuing point, with the trusted statement that tells of it. One
    query."""
    facts = [(requirement, evidence.of(requirement)) for requirement in requirements]
    learned = {
        requirement: _key(requirement, fact) for requirement, fact in facts if isinstance(fact, Enrolment | Attempt)
    }
    found = _statements([*learned.values(), *(one.key for one in evidence.points if one.key)])
    met = []
    for requirement, fact in facts:
        if isinstance(fact, Credential):
            said = fact.as_issued
            met.append(Met(kind="certification", title=said.title, statement_id=said.statement_id or None))
        elif isinstance(fact, Submission):
            met.append(Met(kind="practice", title=str(requirement), statement_id=str(accepted_id(fact))))
        elif fact is not None:
            kind = "course" if requirement.course_id else "exam"
            met.append(Met(kind=kind, title=str(requirement), statement_id=found.get(learned[requirement])))
    for one in evidence.points:
        statement = str(one.statement_id) if one.statement_id else found.get(one.key) if one.key else None
        met.append(Met(kind="points", title=f"{one.title}: {one.points}", statement_id=statement))
    return tuple(met)


def _statements(keys: list[tuple[UUID, UUID, UUID]]) -> dict[tuple[UUID, ...], str]:
    """The ids of trusted statements, by registration, verb and activity."""
    stored = Statement.objects.filter(
        registration__in=[registration for registration, _, _ in keys], authority__is_trusted=True, voided_by=None
    )
    columns = ("statement_id", "registration", "verb_key", "object_key")
    return {tuple(row[1:]): str(row[0]) for row in stored.order_by("pk").values_list(*columns)}


def _key(requirement: Requirement, fact: Enrolment | Attempt) -> tuple[UUID, UUID, UUID]:
    thing = requirement.course or requirement.assessment
    assert thing is not None  # noqa: S101  what the constraint says
    verb = vocabulary.COMPLETED if requirement.course_id else vocabulary.PASSED
    return fact.registration, verb_key(verb), activity_key(thing.activity_iri)
