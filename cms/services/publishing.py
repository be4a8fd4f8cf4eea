"""What a published page means for `courses`."""

from datetime import datetime

from django.db import transaction

from cms.models import CoursePage, LibraryFile, MediaUse, Picture
from cms.rendering import BODY
from courses.models import Course, CourseVersion
from courses.services import offer_course, publish_outline, retire_course
from lms.accounts.models import User


@transaction.atomic
def publish_course(*, page: CoursePage, by: User | None, at: datetime) -> CourseVersion:
    """Freezes the page as a version of its course and offers the course to the page's audience.

    The first publishing creates the course. Publishing the same again makes no version.
    """
    if page.course is None:
        page.course = Course.objects.create(slug=page.slug, title=page.title)
        CoursePage.objects.filter(pk=page.pk).update(course=page.course)
    course = page.course
    version = publish_outline(course=course, outline=page.outline(course), by=by, at=at)
    _note_media(version)
    offer_course(
        course=course,
        slug=page.slug,
        need=page.need,
        audience=page.audience,
        review_on=page.review_on,
        by=by,
        at=at,
    )
    return version


def withdraw_course(*, page: CoursePage, at: datetime) -> None:
    """The page is no longer live: its course takes no new people. Who is enrolled may finish."""
    if page.course is not None:
        retire_course(course=page.course, by=None, at=at)


def _note_media(version: CourseVersion) -> None:
    """Notes which pictures and files the version shows, so that they stay as long as it does."""
    shown: set[tuple[type, str]] = set()
    for lesson in version.lessons.all():
        for model, pk, *_ in BODY.extract_references(BODY.to_python(lesson.body)):
            shown.add((model, pk))
    for model, pk in sorted(shown, key=str):
        if model is Picture:
            MediaUse.objects.get_or_create(version=version, picture_id=int(pk))
        elif model is LibraryFile:
            MediaUse.objects.get_or_create(version=version, file_id=int(pk))
