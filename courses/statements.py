"""Facts of a course as xAPI statements. Pure: of an enrolment with person, membership, course and version loaded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import tincan
from django.conf import settings

from courses.models import Course, Enrolment, Lesson, Module
from lms.xapi import vocabulary
from lms.xapi.statements import activity, build, fact_id, result

COURSE_COMPLETED = "completed"
LESSONS_DONE_EXTENSION = f"{settings.XAPI_BASE_IRI}/xapi/extensions/lessons-done"
LESSONS_TOTAL_EXTENSION = f"{settings.XAPI_BASE_IRI}/xapi/extensions/lessons-total"


def statement_id(enrolment: Enrolment, fact: str) -> UUID:
    """The one id of a fact about an enrolment: a replay makes the same statement, never a second one."""
    return fact_id(enrolment.registration, fact)


def course_activity(course: Course) -> tincan.Activity:
    """The course across its versions."""
    return activity(course.activity_iri, type=vocabulary.COURSE, name=course.title)


def _statement(
    enrolment: Enrolment,
    verb: str,
    at: datetime,
    *,
    fact: str,
    about: tincan.Activity | None = None,
    outcome: tincan.Result | None = None,
    parent: Sequence[tincan.Activity] = (),
    extensions: Mapping[str, Any] | None = None,
) -> tincan.Statement:
    return build(
        actor=enrolment.person,
        verb=verb,
        object=about or course_activity(enrolment.course),
        at=at,
        id=statement_id(enrolment, fact),
        membership=enrolment.membership,
        registration=enrolment.registration,
        revision=str(enrolment.version.number),
        result=outcome,
        parent=parent,
        extensions=extensions,
    )


def registered(enrolment: Enrolment, at: datetime) -> tincan.Statement:
    return _statement(enrolment, vocabulary.REGISTERED, at, fact="registered")


def initialized(enrolment: Enrolment, at: datetime) -> tincan.Statement:
    return _statement(enrolment, vocabulary.INITIALIZED, at, fact="initialized")


def progressed(enrolment: Enrolment, lesson: Lesson, done: int, total: int, at: datetime) -> tincan.Statement:
    """One lesson more: whole lessons done and in all, and cmi5's percentage, cut, never rounded up."""
    counts = {
        LESSONS_DONE_EXTENSION: done,
        LESSONS_TOTAL_EXTENSION: total,
        vocabulary.PROGRESS_EXTENSION: 100 * done // total,
    }
    return _statement(
        enrolment,
        vocabulary.PROGRESSED,
        at,
        fact=f"progressed:{lesson.key}",
        outcome=result(extensions=counts),
        extensions={vocabulary.LESSON_EXTENSION: lesson.activity_iri},
    )


def module_completed(enrolment: Enrolment, module: Module, at: datetime) -> tincan.Statement:
    return _statement(
        enrolment,
        vocabulary.COMPLETED,
        at,
        fact=f"completed:{module.key}",
        about=activity(module.activity_iri, type=vocabulary.MODULE, name=module.title),
        outcome=result(completion=True),
        parent=[course_activity(enrolment.course)],
    )


def course_completed(enrolment: Enrolment, at: datetime) -> tincan.Statement:
    return _statement(enrolment, vocabulary.COMPLETED, at, fact=COURSE_COMPLETED, outcome=result(completion=True))


def withdrew(enrolment: Enrolment, at: datetime) -> tincan.Statement:
    return _statement(enrolment, vocabulary.WITHDREW, at, fact="withdrew")
