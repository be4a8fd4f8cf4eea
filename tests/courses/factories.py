"""Courses as published, and people enrolled in them: made by the services."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from courses import services
from courses.models import Course, CourseVersion, Enrolment, Lesson
from courses.outline import LessonOutline, ModuleOutline, Outline
from lms.partners.models import Membership
from tests.factories import CourseFactory, MembershipFactory

NAMESPACE = UUID("6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11")
PUBLISHED_AT = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def outline(*modules: int, title: str = "Sizing Halden", minutes: int = 5, **changes: object) -> Outline:
    """An outline with so many lessons per module: lesson-1, lesson-2, … through the course."""
    number = 0
    parts = []
    for position, lessons in enumerate(modules or (2, 1), 1):
        rows = []
        for _ in range(lessons):
            number += 1
            rows.append(
                LessonOutline(
                    key=uuid5(NAMESPACE, f"lesson {number}"),
                    slug=f"lesson-{number}",
                    title=f"Lesson {number}",
                    minutes=minutes,
                    body=[{"type": "rich_text", "value": f"<p>Words of lesson {number}.</p>", "id": str(number)}],
                )
            )
        parts.append(
            ModuleOutline(
                key=uuid5(NAMESPACE, f"module {position}"),
                title=f"Module {position}",
                objectives=(f"Know {position}",),
                resources=({"title": "Sheet", "text": "Two pages", "url": ""},),
                lessons=tuple(rows),
            )
        )
    fields = {"title": title, "promise": "You can size it.", "objectives": ("Size it",)} | changes
    return Outline(modules=tuple(parts), **fields)  # type: ignore[arg-type]


def published(
    *modules: int, at: datetime = PUBLISHED_AT, course: Course | None = None, **changes: object
) -> CourseVersion:
    """A course version with so many lessons per module."""
    return services.publish_outline(
        course=course or CourseFactory(), outline=outline(*modules, **changes), by=None, at=at
    )


def enrolled(version: CourseVersion, membership: Membership | None = None, at: datetime = PUBLISHED_AT) -> Enrolment:
    """A person enrolled on behalf of a membership."""
    membership = membership or MembershipFactory()
    return services.enrol_person(person=membership.person, course=version.course, membership=membership, at=at)


def lessons(version: CourseVersion) -> list[Lesson]:
    return list(version.lessons.order_by("position"))
