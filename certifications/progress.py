"""The way to a certification: its steps with state and minutes, and what expires when. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.urls import reverse

from certifications.evidence import held_of
from certifications.models import Certification, Credential, CredentialQuerySet, Requirement
from courses.models import CourseVersion, Enrolment
from courses.progress import Progress as CourseProgress
from courses.progress import learning_of
from lms.assessments.models import Attempt
from lms.partners.models import Partner

if TYPE_CHECKING:
    from lms.accounts.models import User

RENEWAL_WINDOW = timedelta(days=90)


class State(StrEnum):
    """How far a step is."""

    DONE = "done"
    STARTED = "started"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One requirement. `kind` is course, exam or certification, `minutes` what is left of it (the time limit of an
    exam; not known for a certification, whose own page tells)."""

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
    where there is one and time for it (`is_short`), else the exams anew. With `is_any` one step done is enough."""

    certification: Certification
    steps: tuple[Step, ...]
    credential: Credential | None
    is_renewal: bool
    is_short: bool = False

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


def progress(person: "User", certification: Certification, on: date) -> Progress:
    """How far `person` is on the day `on`."""
    return way(person, [certification], on)[0]


def way(
    person: "User", certifications: Iterable[Certification], on: date, record: Record | None = None
) -> list[Progress]:
    """Progress for each certification, in the order given. The number of queries does not grow with theirs."""
    certifications = list(certifications)
    requirements: dict[int, list[Requirement]] = defaultdict(list)
    wanted = Requirement.objects.filter(certification__in=certifications).select_related(
        "course", "assessment", "needed"
    )
    for requirement in wanted.order_by("position"):
        requirements[requirement.certification_id].append(requirement)
    facts = _facts(person, [one for several in requirements.values() for one in several], on, record)
    return [_progress(certification, requirements[certification.pk], facts, on) for certification in certifications]


def _facts(person: "User", requirements: list[Requirement], on: date, record: Record | None) -> _Facts:
    end = datetime.combine(on + timedelta(days=1), time.min, UTC)
    record = record or record_of(person)
    enrolments = {enrolment.course_id: enrolment for enrolment in record.learning}
    unbegun = {one.course_id for one in requirements if one.course_id and one.course_id not in enrolments}
    versions = CourseVersion.objects.filter(course__in=unbegun).order_by("number") if unbegun else ()
    exams = {requirement.assessment_id for requirement in requirements if requirement.assessment_id}
    attempts = Attempt.objects.passed().filter(person=person, assessment__in=exams, submitted_at__lt=end)
    return _Facts(
        enrolments=enrolments,
        lessons=record.learning,
        versions={version.course_id: version for version in versions},
        attempts={attempt.assessment_id: attempt for attempt in attempts.order_by("submitted_at", "pk")},
        credentials={
            credential.certification_id: credential
            for several in record.credentials.values()
            for credential in several
            if credential.issued_at < end
        },
        held=held_of(person, {one.needed_id for one in requirements if one.needed_id}, end - timedelta(microseconds=1)),
    )


def _progress(certification: Certification, requirements: list[Requirement], facts: _Facts, on: date) -> Progress:
    credential = facts.credentials.get(certification.pk)
    expires_on = credential.expires_on if credential else None
    is_renewal = expires_on is not None and expires_on <= on + RENEWAL_WINDOW
    since = credential.issued_at if credential and is_renewal else None
    shorter = [one for one in requirements if one.is_for_renewal]
    is_short = bool(shorter) and credential is not None and is_renewal and _has_time(credential, certification, on)
    asked = shorter if is_short else [one for one in requirements if not one.is_for_renewal]
    return Progress(
        certification=certification,
        steps=tuple(_step(requirement, facts, since, is_short=is_short) for requirement in asked),
        credential=credential,
        is_renewal=is_renewal,
        is_short=is_short,
    )


def _has_time(credential: Credential, certification: Certification, on: date) -> bool:
    """For the short way: until the grace days after the last day are over. A revoked or suspended one has none."""
    if credential.expires_on is None or credential.revoked_at is not None or credential.suspended_at is not None:
        return False
    return on <= credential.expires_on + timedelta(days=certification.grace_days)


def _step(requirement: Requirement, facts: _Facts, since: datetime | None, *, is_short: bool) -> Step:
    """`since`: what was done before it does not count for a renewal; of courses only on the short way."""
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
