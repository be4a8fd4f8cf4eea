"""Every write of this app. Each writes its fact, its statements and its event in one transaction."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from django.db import transaction

from courses import errors, statements
from courses.audience import Audience
from courses.events import CourseCompleted
from courses.models import Course, CourseVersion, Enrolment, Lesson, LessonProgress, Module, ModuleCompletion
from courses.outline import LessonOutline, ModuleOutline, Outline
from lms.accounts.models import User
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi.services import platform_authority, record

__all__ = ["Audience", "LessonOutline", "ModuleOutline", "Outline"]


@dataclass(frozen=True, kw_only=True)
class LessonCompletion:
    """What completing a lesson brought about: `is_new` is False for a replay."""

    is_new: bool
    module_completed: bool = False
    course_completed: bool = False


@transaction.atomic
def publish_outline(*, course: Course, outline: Outline, by: User | None, at: datetime) -> CourseVersion:
    """Stores an outline as the next version of the course, never to be changed. Running enrolments keep theirs.

    Publishing what is published already makes no version and returns the newest. Locks the course row.
    Raises InvalidOutline.
    """
    _check(outline)
    course = Course.objects.select_for_update(of=("self",)).get(pk=course.pk)
    if course.title != outline.title:
        course.title = outline.title
        course.save(update_fields=["title"])
    newest = course.versions.order_by("-number").first()
    if newest is not None and newest.digest == outline.digest:
        return newest
    version = CourseVersion.objects.create(
        course=course,
        number=newest.number + 1 if newest else 1,
        title=outline.title,
        promise=outline.promise,
        objectives=list(outline.objectives),
        minutes=outline.minutes,
        digest=outline.digest,
        published_at=at,
        published_by=by,
    )
    _store_modules(version, outline)
    return version


def _check(outline: Outline) -> None:
    lessons = list(outline.lessons)
    if not lessons or not all(module.lessons for module in outline.modules):
        raise errors.InvalidOutline("A course needs at least one lesson in each module. Nothing was published.")
    slugs = [lesson.slug for lesson in lessons]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        raise errors.InvalidOutline(f"Two lessons have the address “{twice[0]}”. Nothing was published.")
    if len({lesson.key for lesson in lessons}) < len(lessons):
        raise errors.InvalidOutline("Two lessons have the same key. Nothing was published.")


def _store_modules(version: CourseVersion, outline: Outline) -> None:
    modules = Module.objects.bulk_create(
        Module(
            version=version,
            key=module.key,
            position=position,
            title=module.title,
            objectives=list(module.objectives),
            resources=list(module.resources),
        )
        for position, module in enumerate(outline.modules, 1)
    )
    owners = [row for row, module in zip(modules, outline.modules, strict=True) for _ in module.lessons]
    Lesson.objects.bulk_create(
        Lesson(
            version=version,
            module=owner,
            key=lesson.key,
            slug=lesson.slug,
            position=position,
            title=lesson.title,
            minutes=lesson.minutes,
            body=lesson.body,
        )
        for position, (owner, lesson) in enumerate(zip(owners, outline.lessons, strict=True), 1)
    )


@transaction.atomic
def offer_course(
    *, course: Course, slug: str, need: str, audience: Audience, review_on: date | None, by: User | None, at: datetime
) -> None:
    """Says for whom, for which need and until which review date the course takes new people; reopens a retired one.

    Who is enrolled already is not touched.
    """
    course.slug, course.need, course.review_on = slug, need, review_on
    course.minimum_tier = audience.minimum_tier
    course.retired_at = None
    course.save(update_fields=["slug", "need", "review_on", "minimum_tier", "retired_at"])
    course.personas.set(audience.personas)
    course.partner_types.set(audience.partner_types)
    course.regions.set(audience.regions)


def retire_course(*, course: Course, by: User | None, at: datetime) -> None:
    """Takes no new people from now on; who is enrolled may finish. Replays keep the first moment."""
    Course.objects.filter(pk=course.pk, retired_at=None).update(retired_at=at)


@transaction.atomic
def enrol_person(*, person: User, course: Course, membership: Membership | None, at: datetime) -> Enrolment:
    """Enrols a person in the newest version, on behalf of a membership. Replays return the enrolment there is.

    Records `registered`. The unique constraint decides a race. Raises CourseNotOffered, ForeignMembership.
    """
    if membership is not None and membership.person_id != person.pk:
        raise errors.ForeignMembership("This membership is not yours. Nothing was changed.")
    current = Enrolment.objects.current().filter(person=person, course=course)
    if enrolment := current.first():
        return enrolment
    version = course.versions.order_by("-number").first()
    if version is None or not Course.objects.offered(at.date()).filter(pk=course.pk).exists():
        raise errors.CourseNotOffered(f"“{course.title}” takes no new people at the moment. Nothing was changed.")
    enrolment, is_new = Enrolment.objects.get_or_create(
        person=person,
        course=course,
        withdrawn_at=None,
        defaults={"membership": membership, "version": version, "registration": uuid4(), "enrolled_at": at},
    )
    if is_new:  # else somebody was quicker: a second click, another device
        record([statements.registered(enrolment, at)], authority=platform_authority(), at=at)
    return enrolment


def _locked(enrolment: Enrolment) -> Enrolment:
    """The row itself, locked to the end of the transaction. Raises EnrolmentClosed when it was withdrawn."""
    locked = (
        Enrolment.objects.select_for_update(of=("self",))
        .select_related("person", "course", "version", "membership__partner", "membership__persona")
        .get(pk=enrolment.pk)
    )
    if locked.withdrawn_at is not None:
        raise errors.EnrolmentClosed(f"You have left “{locked.course.title}”. Enrol again to go on.")
    return locked


def _open(enrolment: Enrolment, lesson: Lesson, at: datetime) -> LessonProgress:
    """The progress row of a lesson of a locked enrolment; the first of the course is told as `initialized`."""
    if lesson.version_id != enrolment.version_id:
        raise errors.LessonNotInCourse("This lesson is not part of the course as you take it. Nothing was changed.")
    if enrolment.initialized_at is None:
        enrolment.initialized_at = at
        enrolment.save(update_fields=["initialized_at"])
        record([statements.initialized(enrolment, at)], authority=platform_authority(), at=at)
    row, _ = LessonProgress.objects.get_or_create(enrolment=enrolment, lesson=lesson, defaults={"opened_at": at})
    return row


@transaction.atomic
def open_lesson(*, enrolment: Enrolment, lesson: Lesson, at: datetime) -> LessonProgress:
    """Notes that a lesson was opened. The first one of the enrolment records `initialized`; replays change nothing.

    Locks the enrolment. Raises EnrolmentClosed, LessonNotInCourse.
    """
    return _open(_locked(enrolment), lesson, at)


@transaction.atomic
def complete_lesson(*, enrolment: Enrolment, lesson: Lesson, at: datetime) -> LessonCompletion:
    """Completes a lesson, and with the last one of a module or course these too, each exactly once.

    Records `progressed` (lessons done of lessons in all), `completed` for the module and for the course; emits
    CourseCompleted. Locks the enrolment, so that of two last clicks one completes the course. Replays change nothing.
    Raises EnrolmentClosed, LessonNotInCourse.
    """
    enrolment = _locked(enrolment)
    row = _open(enrolment, lesson, at)
    if row.completed_at is not None:
        return LessonCompletion(is_new=False)
    row.completed_at = at
    row.save(update_fields=["completed_at"])
    done = set(enrolment.progress.exclude(completed_at=None).values_list("lesson_id", flat=True))
    modules = dict(enrolment.version.lessons.values_list("pk", "module_id"))
    facts = [statements.progressed(enrolment, lesson, len(done), len(modules), at)]
    module_completed = all(pk in done for pk, module in modules.items() if module == lesson.module_id)
    if module_completed:
        ModuleCompletion.objects.create(enrolment=enrolment, module_id=lesson.module_id, completed_at=at)
        facts.append(statements.module_completed(enrolment, lesson.module, at))
    course_completed = done == modules.keys()
    if course_completed:
        enrolment.completed_at = at
        enrolment.save(update_fields=["completed_at"])
        facts.append(statements.course_completed(enrolment, at))
    record(facts, authority=platform_authority(), at=at)
    if course_completed:
        emit(_completed(enrolment, at))
    return LessonCompletion(is_new=True, module_completed=module_completed, course_completed=course_completed)


def _completed(enrolment: Enrolment, at: datetime) -> CourseCompleted:
    return CourseCompleted(
        at=at,
        enrolment_id=enrolment.public_id,
        person_id=enrolment.person.public_id,
        course_id=enrolment.course.public_id,
        statement_id=statements.statement_id(enrolment, statements.COURSE_COMPLETED),
    )


@transaction.atomic
def withdraw_enrolment(*, enrolment: Enrolment, by: User, at: datetime) -> None:
    """Ends an enrolment that was not completed; its progress stays on record. Replays change nothing.

    Records `withdrew`. Locks the enrolment. Raises CourseAlreadyCompleted.
    """
    try:
        enrolment = _locked(enrolment)
    except errors.EnrolmentClosed:
        return
    if enrolment.completed_at is not None:
        raise errors.CourseAlreadyCompleted(f"“{enrolment.course.title}” is completed and stays on your record.")
    enrolment.withdrawn_at = at
    enrolment.save(update_fields=["withdrawn_at"])
    record([statements.withdrew(enrolment, at)], authority=platform_authority(), at=at)
