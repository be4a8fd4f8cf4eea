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

_FOR = ("membership__partner", "membership__persona")


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
    """Of each course and exam that gives points, the first completion or pass in the time."""
    found: dict[UUID, Earned] = {}
    for one in [*_completed(person_id, rules, since, end), *_passed(person_id, rules, since, end)]:
        assert one.key is not None  # noqa: S101  what was learned has one
        found.setdefault(one.key[2], one)
    return list(found.values())


def _completed(person_id: int, rules: list[PointsRule], since: datetime, end: datetime) -> list[Earned]:
    worth = {one.course_id: one.points for one in rules if one.course_id}
    enrolments = Enrolment.objects.filter(
        person=person_id, course__in=worth, completed_at__gt=since, completed_at__lte=end
    ).select_related("course", *_FOR)
    return [
        Earned(
            title=one.course.title,
            points=worth[one.course_id],
            at=one.completed_at or end,
            membership=one.membership,
            key=(one.registration, verb_key(vocabulary.COMPLETED), activity_key(one.course.activity_iri)),
        )
        for one in enrolments.order_by("completed_at", "pk")
    ]


def _passed(person_id: int, rules: list[PointsRule], since: datetime, end: datetime) -> list[Earned]:
    worth = {one.assessment_id: one.points for one in rules if one.assessment_id}
    attempts = Attempt.objects.passed().filter(
        person=person_id, assessment__in=worth, submitted_at__gt=since, submitted_at__lte=end
    )
    return [
        Earned(
            title=one.assessment.title,
            points=worth[one.assessment_id],
            at=one.submitted_at or end,
            membership=one.membership,
            key=(one.registration, verb_key(vocabulary.PASSED), activity_key(one.assessment.activity_iri)),
        )
        for one in attempts.select_related("assessment", *_FOR).order_by("submitted_at", "pk")
    ]


def _claimed(submission: Submission) -> Earned:
    assert submission.happened_on is not None  # noqa: S101  what the constraint says
    return Earned(
        title=submission.title,
        points=submission.points or 0,
        at=datetime.combine(submission.happened_on, time.min, UTC),
        membership=submission.membership,
        statement_id=accepted_id(submission),
    )
