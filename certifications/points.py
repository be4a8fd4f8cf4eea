"""Continuing points: what a holder did while his credential holds, worked out from the facts each time. Reads only."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from certifications.models import Certification, Credential, PointsRule, Submission
from certifications.statements import accepted_id
from courses.models import Enrolment
from lms.assessments.models import Attempt
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, verb_key


@dataclass(frozen=True, kw_only=True)
class Earned:
    """Something that gave points. `key` finds its statement by registration, verb and activity; what was handed in
    knows the id (`statement_id`)."""

    title: str
    points: int
    at: datetime
    membership: Membership | None
    key: tuple[UUID, UUID, UUID] | None = None
    statement_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class PointsAccount:
    """The points of one credential: what counts happened after `since` and by the day `until`."""

    needed: int
    since: datetime
    until: date
    earned: tuple[Earned, ...]
    waiting: int = 0
    rules: tuple[PointsRule, ...] = ()

    @property
    def total(self) -> int:
        return sum(one.points for one in self.earned)

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.total)

    @property
    def is_enough(self) -> bool:
        return self.total >= self.needed

    @property
    def is_reached(self) -> int:
        """Not above what is needed: for the bar."""
        return min(self.total, self.needed)


def account(credential: Credential, certification: Certification, at: datetime) -> PointsAccount | None:
    """What the holder collected by `at` to renew the credential; None where points renew nothing. Five queries.

    A course or exam counts once, by its first completion or pass in the time. Claims count by the day on which
    the thing happened, once a reviewer has accepted them.
    """
    if not certification.renewal_points or credential.expires_on is None:
        return None
    since = held_since(credential)
    end = min(
        at, datetime.combine(credential.expires_on + timedelta(days=1), time.min, UTC) - timedelta(microseconds=1)
    )
    rules = list(certification.points_rules.select_related("course", "assessment").order_by("-points", "pk"))
    claims = Submission.objects.filter(
        certification=certification,
        person=credential.person_id,
        happened_on__gt=since.astimezone(UTC).date(),
        happened_on__lte=end.astimezone(UTC).date(),
    ).select_related("membership__partner", "membership__persona")
    earned = [
        *_learned(credential.person_id, rules, since, end),
        *map(_claimed, claims.filter(decided_at__lte=at).accepted()),
    ]
    return PointsAccount(
        needed=certification.renewal_points,
        since=since,
        until=credential.expires_on,
        earned=tuple(sorted(earned, key=lambda one: one.at)),
        waiting=sum(one.points or 0 for one in claims.waiting()),
        rules=tuple(rules),
    )


def held_since(credential: Credential) -> datetime:
    """When it was earned: of a corrected one, when the first of them was issued."""
    first = credential
    while (before := Credential.objects.filter(replaced_by=first).first()) is not None:
        first = before
    return first.issued_at


def _learned(person_id: int, rules: list[PointsRule], since: datetime, end: datetime) -> list[Earned]:
    worth = {one.course_id or f"exam-{one.assessment_id}": one.points for one in rules}
    done = {"membership__partner", "membership__persona"}
    enrolments = Enrolment.objects.filter(
        person=person_id, course__in=[one.course_id for one in rules], completed_at__gt=since, completed_at__lte=end
    ).select_related("course", *done)
    attempts = (
        Attempt.objects.passed()
        .filter(
            person=person_id,
            assessment__in=[one.assessment_id for one in rules],
            submitted_at__gt=since,
            submitted_at__lte=end,
        )
        .select_related("assessment", *done)
    )
    found: dict[int | str, Earned] = {}
    for enrolment in enrolments.order_by("completed_at", "pk"):
        key = (enrolment.registration, verb_key(vocabulary.COMPLETED), activity_key(enrolment.course.activity_iri))
        found.setdefault(
            enrolment.course_id,
            Earned(
                title=enrolment.course.title,
                points=worth[enrolment.course_id],
                at=enrolment.completed_at or end,
                membership=enrolment.membership,
                key=key,
            ),
        )
    for attempt in attempts.order_by("submitted_at", "pk"):
        key = (attempt.registration, verb_key(vocabulary.PASSED), activity_key(attempt.assessment.activity_iri))
        name = f"exam-{attempt.assessment_id}"
        found.setdefault(
            name,
            Earned(
                title=attempt.assessment.title,
                points=worth[name],
                at=attempt.submitted_at or end,
                membership=attempt.membership,
                key=key,
            ),
        )
    return list(found.values())


def _claimed(submission: Submission) -> Earned:
    assert submission.happened_on is not None  # noqa: S101  what the constraint says
    return Earned(
        title=submission.title,
        points=submission.points or 0,
        at=datetime.combine(submission.happened_on, time.min, UTC),
        membership=submission.membership,
        statement_id=accepted_id(submission),
    )
