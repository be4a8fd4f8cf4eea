"""The way to a certification: its steps with state and minutes, and what expires when. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.urls import reverse

from certifications.evidence import held_of, still_counts
from certifications.models import Certification, Credential, CredentialQuerySet, Requirement, Submission
from certifications.points import PointsAccount, account
from certifications.validity import RENEWAL_WINDOW, is_in_time
from courses.models import CourseVersion, Enrolment
from courses.progress import Progress as CourseProgress
from courses.progress import learning_of
from lms.assessments.models import Attempt
from lms.partners.models import Partner

if TYPE_CHECKING:
    from lms.accounts.models import User


class State(StrEnum):
    """How far a step is."""

    DONE = "done"
    STARTED = "started"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One requirement. `kind` is course, exam, practice or certification, `minutes` what is left of it (the time limit
    of an exam; none for practice that waits for its reviewer; not known for a certification, whose own page tells)."""

    kind: str
    title: str
    minutes: int
    state: State
    url_name: str
    url_args: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where to go on with it."""
        return reverse(self.url_name, args=self.url_args)

    @property
    def is_done(self) -> bool:
        return self.state == State.DONE


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A person on the way to a certification. `credential` is the newest he holds. Renewing it takes the short way
    where there is one and time for it (`is_short`), else the exams anew; or the points of `points`, which only the page
    of one certification asks for. With `is_any` one step done is enough."""

    certification: Certification
    steps: tuple[Step, ...]
    credential: Credential | None
    is_renewal: bool
    is_short: bool = False
    points: PointsAccount | None = None

    @property
    def is_any(self) -> bool:
        return self.certification.needs_any and not self.is_short

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def total(self) -> int:
        return len(self.steps)

    @property
    def minutes_left(self) -> int:
        """Of the quickest step where one is enough."""
        open_steps = [step.minutes for step in self.steps if not step.is_done]
        if self.is_any:
            return 0 if self.done else min(open_steps, default=0)
        return sum(open_steps)

    @property
    def next_step(self) -> Step | None:
        if self.is_any and self.done:
            return None
        return next((step for step in self.steps if not step.is_done), None)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a person has done, read once for all that a page says of it: `learning` by `courses.progress.learning_of`,
    `credentials` by certification, each in the order they were issued."""

    learning: Mapping[Enrolment, CourseProgress]
    credentials: Mapping[int, list[Credential]]

    @property
    def newest(self) -> list[Credential]:
        """The last credential of each certification."""
        return [several[-1] for several in self.credentials.values()]


def record_of(person: "User") -> Record:
    """Three queries, and one for outlines not seen before."""
    credentials: dict[int, list[Credential]] = defaultdict(list)
    held = Credential.objects.filter(person=person).select_related("certification").order_by("sequence")
    for credential in held:
        credentials[credential.certification_id].append(credential)
    return Record(learning=learning_of(person), credentials=credentials)


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What `way` has read, by id."""

    enrolments: dict[int, Enrolment]
    lessons: Mapping[Enrolment, CourseProgress]
    versions: dict[int, CourseVersion]
    attempts: dict[int, Attempt]
    credentials: dict[int, Credential]
    held: dict[int, Credential]
    accepted: dict[int, Submission]
    waiting: frozenset[int]
    at: datetime


def progress(person: "User", certification: Certification, on: date) -> Progress:
    """How far `person` is on the day `on`, with the continuing points of what he holds."""
    found = way(person, [certification], on)[0]
    if found.credential is None or found.credential.revoked_at is not None:
        return found
    return replace(found, points=account(found.credential, certification, _end_of(on)))


def _end_of(on: date) -> datetime:
    """The last moment of the day (UTC)."""
    return datetime.combine(on + timedelta(days=1), time.min, UTC) - timedelta(microseconds=1)


def way(
    person: "User", certifications: Iterable[Certification], on: date, record: Record | None = None
) -> list[Progress]:
    """Progress for each certification, in the order given. The number of queries does not grow with theirs."""
    certifications = list(certifications)
    requirements: dict[int, list[Requirement]] = defaultdict(list)
    wanted = Requirement.objects.filter(certification__in=certifications).select_related(
        "course", "assessment", "needed", "practice"
    )
    for requirement in wanted.order_by("position"):
        requirements[requirement.certification_id].append(requirement)
    facts = _facts(person, [one for several in requirements.values() for one in several], on, record)
    return [_progress(certification, requirements[certification.pk], facts, on) for certification in certifications]


def _facts(person: "User", requirements: list[Requirement], on: date, record: Record | None) -> _Facts:
    end = _end_of(on)
    record = record or record_of(person)
    handed_in = _handed_in(person, requirements, end)
    enrolments = {enrolment.course_id: enrolment for enrolment in record.learning}
    unbegun = {one.course_id for one in requirements if one.course_id and one.course_id not in enrolments}
    versions = CourseVersion.objects.filter(course__in=unbegun).order_by("number") if unbegun else ()
    exams = {requirement.assessment_id for requirement in requirements if requirement.assessment_id}
    attempts = Attempt.objects.passed().filter(person=person, assessment__in=exams, submitted_at__lte=end)
    return _Facts(
        enrolments=enrolments,
        lessons=record.learning,
        versions={version.course_id: version for version in versions},
        attempts={attempt.assessment_id: attempt for attempt in attempts.order_by("submitted_at", "pk")},
        credentials={
            credential.certification_id: credential
            for several in record.credentials.values()
            for credential in several
            if credential.issued_at <= end
        },
        held=held_of(person, {one.needed_id for one in requirements if one.needed_id}, end),
        accepted={one.task_id: one for one in handed_in if one.is_accepted and one.task_id},
        waiting=frozenset(one.task_id for one in handed_in if one.is_waiting and one.task_id),
        at=end,
    )


def _handed_in(person: "User", requirements: list[Requirement], end: datetime) -> list[Submission]:
    """For the practice that is asked for, oldest first. No query where none is."""
    tasks = {one.practice_id for one in requirements if one.practice_id}
    if not tasks:
        return []
    found = Submission.objects.filter(person=person, task__in=tasks, submitted_at__lte=end)
    return list(found.order_by("submitted_at", "pk"))


def _progress(certification: Certification, requirements: list[Requirement], facts: _Facts, on: date) -> Progress:
    credential = facts.credentials.get(certification.pk)
    expires_on = credential.expires_on if credential else None
    is_renewal = expires_on is not None and expires_on <= on + RENEWAL_WINDOW
    since = credential.issued_at if credential and is_renewal else None
    shorter = [one for one in requirements if one.is_for_renewal]
    is_short = bool(shorter) and credential is not None and is_in_time(credential, certification, on)
    asked = shorter if is_short else [one for one in requirements if not one.is_for_renewal]
    has_exam = any(one.assessment_id for one in asked)
    for requirement in asked:
        requirement.certification = certification  # what was read of it already
    return Progress(
        certification=certification,
        steps=tuple(_step(one, facts, since, has_exam=has_exam, is_short=is_short) for one in asked),
        credential=credential,
        is_renewal=is_renewal,
        is_short=is_short,
    )


def _step(requirement: Requirement, facts: _Facts, since: datetime | None, *, has_exam: bool, is_short: bool) -> Step:
    """`since`: what was done before it does not count for a renewal; of courses only on the short way, of practice
    there, and where no exam renews it."""
    if requirement.course_id is not None:
        return _course_step(requirement, facts, since if is_short else None)
    if requirement.needed is not None:
        return Step(
            kind="certification",
            title=requirement.needed.title,
            minutes=0,
            state=State.DONE if requirement.needed_id in facts.held else State.OPEN,
            url_name="certifications:certification",
            url_args=(requirement.needed.slug,),
        )
    if requirement.practice is not None:
        return _practice_step(requirement, facts, None if has_exam and not is_short else since)
    return _exam_step(requirement, facts, since)


def _course_step(requirement: Requirement, facts: _Facts, since: datetime | None) -> Step:
    course = requirement.course
    assert course is not None  # noqa: S101  a requirement is one thing
    enrolment = facts.enrolments.get(course.pk)
    version = facts.versions.get(course.pk)
    state, minutes = State.OPEN, version.minutes if version else 0
    url_name, url_args = "wagtail_serve", [f"{course.slug}/"]
    if enrolment is not None:
        lessons = facts.lessons[enrolment]
        is_done = enrolment.completed_at is not None and (since is None or enrolment.completed_at > since)
        state = State.DONE if is_done else State.STARTED if lessons.is_started else State.OPEN
        minutes = 0 if enrolment.completed_at else lessons.minutes_left
        if lessons.next_lesson is not None and not enrolment.completed_at:
            url_name, url_args = "cms:lesson", [course.slug, lessons.next_lesson.slug]
    return Step(
        kind="course", title=course.title, minutes=minutes, state=state, url_name=url_name, url_args=tuple(url_args)
    )


def _exam_step(requirement: Requirement, facts: _Facts, since: datetime | None) -> Step:
    """`since`: only an attempt handed in after it counts (a renewal)."""
    exam = requirement.assessment
    assert exam is not None  # noqa: S101  a requirement is one thing
    attempt = facts.attempts.get(exam.pk)
    is_passed = attempt is not None and (since is None or (attempt.submitted_at or since) > since)
    return Step(
        kind="exam",
        title=exam.title,
        minutes=0 if is_passed else exam.time_limit_minutes,
        state=State.DONE if is_passed else State.OPEN,
        url_name="assessments:start",
        url_args=(exam.slug,),
    )


def _practice_step(requirement: Requirement, facts: _Facts, since: datetime | None) -> Step:
    """`since`: only what was accepted after it counts (a renewal)."""
    task = requirement.practice
    assert task is not None  # noqa: S101  a requirement is one thing
    accepted = facts.accepted.get(task.pk)
    is_done = accepted is not None and still_counts(accepted, requirement.certification, facts.at)
    is_done = is_done and (since is None or (accepted.decided_at or since) > since)  # type: ignore[union-attr]
    is_waiting = task.pk in facts.waiting
    return Step(
        kind="practice",
        title=task.title,
        minutes=0 if is_done or is_waiting else task.minutes,
        state=State.DONE if is_done else State.STARTED if is_waiting else State.OPEN,
        url_name="certifications:practice",
        url_args=(task.slug,),
    )


def expiring(
    *, on: date, within_days: int, person: "User | None" = None, partner: Partner | None = None
) -> CredentialQuerySet:
    """Credentials that hold on the day `on` and end within so many days, soonest first; of one person, or of those who
    belong to one partner that day. What was renewed already is left out."""
    credentials = Credential.objects.valid(on).filter(expires_on__lte=on + timedelta(days=within_days))
    if person is not None:
        credentials = credentials.filter(person=person)
    if partner is not None:
        credentials = credentials.of_people_at(partner, on)
    renewed = Credential.objects.filter(
        person=OuterRef("person"), certification=OuterRef("certification"), sequence__gt=OuterRef("sequence")
    )
    return credentials.filter(~Exists(renewed)).select_related("certification", "person").order_by("expires_on", "pk")
