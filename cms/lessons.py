"""Where a lesson is read: for whoever points at it by its activity IRI."""

from collections.abc import Collection
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from cms.reading import lesson_url
from courses.models import Course, Lesson


def links(request: HttpRequest, iris: Collection[str]) -> dict[str, str]:
    """The newest version's page of each lesson whose course the person may see. Two queries."""
    prefix = f"{settings.XAPI_BASE_IRI}/lessons/"
    keys = {key for iri in iris if iri.startswith(prefix) and (key := _uuid(iri.removeprefix(prefix)))}
    if not keys:
        return {}
    visible = Course.objects.visible_to(request.user)
    lessons = Lesson.objects.filter(key__in=keys, version__course__in=visible).select_related("version__course")
    return {
        lesson.activity_iri: lesson_url(lesson.version.course, lesson)
        for lesson in lessons.defer("body").order_by("version__number")
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
