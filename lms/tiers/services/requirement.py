"""One requirement opened up: who counts, who nearly does, and what is missing. Reads only."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime

from certifications.models import Certification, Credential, Requirement
from courses.models import Enrolment
from lms.assessments.models import Attempt
from lms.partners.models import Membership, Partner, today
from lms.tiers import engine
from lms.tiers.models import ProgrammeVersion
from lms.tiers.services.errors import NoProgrammeInForce
from lms.tiers.services.facts import gather_facts
from lms.tiers.services.figures import Figure, Row
from lms.tiers.services.programmes import rules_of


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Somebody who counts, and the credentials with which he does, soonest to expire first."""

    membership: Membership
    credentials: tuple[Credential, ...]

    @property
    def until(self) -> date | None:
        return next((credential.expires_on for credential in self.credentials), None)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who does not count yet: how many steps of a certification he has done, and the titles that are left."""

    membership: Membership
    certification: Certification
    done: int
    total: int
    left: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RequirementView:
    """A requirement of a tier at a partner. People are in the order to act on: soonest to expire, nearest to done."""

    tier: engine.Tier
    row: Row
    is_about_people: bool
    figures: tuple[Figure, ...]
    counted: tuple[Counted, ...]
    candidates: tuple[Candidate, ...]


def requirement_view(*, partner: Partner, requirement: str, at: datetime) -> RequirementView | None:
    """Opens a requirement of the rules in force; None when they have none of that id. Constant queries.

    Raises NoProgrammeInForce.
    """
    version = ProgrammeVersion.objects.in_force(at)
    if version is None:
        raise NoProgrammeInForce("No partner programme is in force yet. Publish one first.")
    rules = rules_of(version)
    known = rules.requirement(requirement)
    if known is None:
        return None
    tier, node = known
    facts = gather_facts(partner=partner, at=at)
    finding = engine.evaluate(rules, facts, at.astimezone(UTC)).requirement(requirement)
    assert finding is not None  # noqa: S101  the rules have it
    on = at.astimezone(UTC).date()
    memberships = list(
        Membership.objects.active(on)
        .filter(partner=partner, person__is_active=True)
        .select_related("person", "persona")
        .order_by("person__name", "pk")
    )
    others = [membership for membership in memberships if str(membership.person.public_id) not in finding.people]
    return RequirementView(
        tier=tier,
        row=Row(finding=finding, tier=tier.id),
        is_about_people=bool(node.wanted),
        figures=Figure.of(finding, facts, rules),
        counted=_counted(memberships, finding),
        candidates=_candidates(others, node.wanted),
    )


def _counted(memberships: list[Membership], finding: engine.Finding) -> tuple[Counted, ...]:
    credentials: dict[int, list[Credential]] = defaultdict(list)
    found = Credential.objects.filter(public_id__in=finding.credentials).select_related("certification")
    for credential in sorted(found, key=lambda credential: (credential.expires_on or date.max, credential.pk)):
        credentials[credential.person_id].append(credential)
    counted = [
        Counted(membership=membership, credentials=tuple(credentials[membership.person_id]))
        for membership in memberships
        if str(membership.person.public_id) in finding.people
    ]
    return tuple(sorted(counted, key=lambda one: one.until or date.max))


def _candidates(memberships: list[Membership], codes: frozenset[str]) -> tuple[Candidate, ...]:
    """Those for whose persona it is, or who have begun; each with the certification he is nearest to, nearest first."""
    steps: dict[Certification, list[Requirement]] = defaultdict(list)
    wanted = Requirement.objects.filter(
        certification__slug__in=codes, certification__retired_at=None, is_for_renewal=False
    )
    wanted = wanted.select_related("course", "assessment", "needed").prefetch_related("certification__personas")
    for requirement in wanted.order_by("position"):
        steps[requirement.certification].append(requirement)
    done = done_things(
        [membership.person_id for membership in memberships], [r for several in steps.values() for r in several]
    )
    nearest = []
    meant = {certification: {persona.pk for persona in certification.personas.all()} for certification in steps}
    for membership in memberships:
        ways = [
            way
            for certification, several in steps.items()
            for way in [_candidate(membership, certification, several, done)]
            if way.done or not meant[certification] or membership.persona_id in meant[certification]
        ]
        nearest.extend(sorted(ways, key=lambda way: (len(way.left), way.certification.position))[:1])
    return tuple(sorted(nearest, key=lambda way: (way.done == 0, len(way.left))))


def _candidate(
    membership: Membership, certification: Certification, steps: list[Requirement], done: set[tuple[int, str, int]]
) -> Candidate:
    left = tuple(str(step) for step in steps if (membership.person_id, *thing(step)) not in done)
    if certification.needs_any and len(left) < len(steps):
        left = ()
    return Candidate(
        membership=membership, certification=certification, done=len(steps) - len(left), total=len(steps), left=left
    )


def thing(step: Requirement) -> tuple[str, int]:
    """What is to be done for a step: ("course", "exam" or "certification", its key)."""
    if step.needed_id:
        return "certification", step.needed_id
    return ("course", step.course_id) if step.course_id else ("exam", step.assessment_id or 0)


def done_things(people: list[int], steps: list[Requirement]) -> set[tuple[int, str, int]]:
    """(person, course, exam or certification, its key) of what was completed, passed or is held."""
    needed = [step.needed_id for step in steps if step.needed_id]
    credentials = Credential.objects.valid(today()).filter(person__in=people, certification__in=needed)
    held = set(credentials.values_list("person_id", "certification_id")) if needed else set()
    courses = [step.course_id for step in steps if step.course_id]
    exams = [step.assessment_id for step in steps if step.assessment_id]
    enrolments = Enrolment.objects.filter(person__in=people, course__in=courses, completed_at__isnull=False)
    attempts = Attempt.objects.passed().filter(person__in=people, assessment__in=exams)
    return (
        {(person, "certification", key) for person, key in held}
        | {(person, "course", key) for person, key in enrolments.values_list("person_id", "course_id")}
        | {(person, "exam", key) for person, key in attempts.values_list("person_id", "assessment_id")}
    )
