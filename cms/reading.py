"""What course and lesson pages show of `courses`: outlines with states. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from certifications.models import Requirement
from courses import progress
from courses.models import Course, CourseVersion, Enrolment, Lesson
from courses.progress import Progress
from lms.partners.models import today

if TYPE_CHECKING:
    from lms.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a learner stands in a course: its version, his enrolment and progress (None: not enrolled)."""

    course: Course
    version: CourseVersion
    enrolment: Enrolment | None
    progress: Progress | None
    lessons: tuple[Lesson, ...]

    def neighbours(self, lesson: Lesson) -> tuple[Lesson | None, Lesson | None]:
        """The lessons before and after one."""
        index = [one.pk for one in self.lessons].index(lesson.pk)
        following = self.lessons[index + 1] if index + 1 < len(self.lessons) else None
        return (self.lessons[index - 1] if index else None), following


def place_of(user: "User", course: Course) -> Place | None:
    """The person's place in a course, or at the newest version for who is not enrolled; None when unpublished."""
    mine = Enrolment.objects.current().filter(person=user, course=course).select_related("version").first()
    version = mine.version if mine else course.versions.order_by("-number").first()
    if version is None:
        return None
    version.course = course
    counts = progress.for_enrolment(mine) if mine else None
    lessons = counts.lessons if counts else progress.outlines.of([version.pk])[version.pk]
    return Place(course=course, version=version, enrolment=mine, progress=counts, lessons=lessons)


def lesson_url(course: Course, lesson: Lesson) -> str:
    return reverse("cms:lesson", args=[course.slug, lesson.slug])


def course_url(course: Course) -> str:
    return reverse("wagtail_serve", args=[f"{course.slug}/"])


def outline(place: Place, *, current: Lesson | None = None, is_open: bool = True) -> dict[str, Any]:
    """The context of components/outline.html. With `is_open` False lessons are named but not linked."""
    done = place.progress.done_lessons if place.progress else frozenset()
    modules: dict[int, dict[str, Any]] = {}
    for lesson in place.lessons:
        module = lesson.module
        entry = {"title": module.title, "objectives": module.objectives, "resources": module.resources, "lessons": []}
        modules.setdefault(module.pk, entry)["lessons"].append(
            {
                "title": lesson.title,
                "minutes": lesson.minutes,
                "url": lesson_url(place.course, lesson) if is_open else "",
                "is_current": current is not None and lesson.pk == current.pk,
                "state": "done" if lesson.pk in done else "open",
            }
        )
    return {
        "title": place.version.title,
        "url": course_url(place.course),
        "done": len(done),
        "total": len(place.lessons),
        "modules": list(modules.values()),
    }


def certifications_of(courses: Iterable[Course]) -> dict[int, list[str]]:
    """Titles of the certifications that ask for each course, by course id. One query."""
    titles: dict[int, list[str]] = {}
    rows = Requirement.objects.filter(course__in=courses, certification__retired_at=None)
    for course_id, title in rows.order_by("certification__position").values_list("course_id", "certification__title"):
        titles.setdefault(course_id or 0, []).append(title)
    return titles


def course_context(course: Course | None, user: "User") -> dict[str, Any]:
    """What the course page shows beyond its own words."""
    place = course and place_of(user, course)
    if not course or not place:
        return {}
    is_enrolled = place.enrolment is not None
    return {
        "course": course,
        "place": place,
        "outline": outline(place, is_open=is_enrolled or user.has_perm("courses.view_all_courses")),
        "can_enrol": not is_enrolled and course.retired_at is None and not _is_overdue(course),
        "certifications": certifications_of([course]).get(course.pk, []),
        "is_overdue": _is_overdue(course),
    }


def _is_overdue(course: Course) -> bool:
    return course.review_on is not None and course.review_on < today()
