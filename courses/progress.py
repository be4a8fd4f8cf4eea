"""Progress, counted in lessons: never stored, never a float."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from courses.models import Enrolment, Lesson, LessonProgress


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one enrolment is. Lessons come without their bodies; `next_lesson` is None when all are done."""

    done: int
    total: int
    next_lesson: Lesson | None
    lessons: tuple[Lesson, ...]
    done_lessons: frozenset[int]
    opened_lessons: frozenset[int]

    @property
    def left(self) -> tuple[Lesson, ...]:
        """The lessons that are not done, in course order."""
        return tuple(lesson for lesson in self.lessons if lesson.pk not in self.done_lessons)

    @property
    def minutes_left(self) -> int:
        return sum(lesson.minutes for lesson in self.left)

    @property
    def is_complete(self) -> bool:
        return self.done == self.total

    @property
    def is_started(self) -> bool:
        return bool(self.opened_lessons)


def for_enrolments(enrolments: Iterable[Enrolment]) -> dict[int, Progress]:
    """Progress by enrolment id. Two queries however many enrolments there are."""
    enrolments = list(enrolments)
    lessons: dict[int, list[Lesson]] = defaultdict(list)
    for lesson in Lesson.objects.filter(version__in={e.version_id for e in enrolments}).outlined():
        lessons[lesson.version_id].append(lesson)
    rows: dict[int, list[LessonProgress]] = defaultdict(list)
    for row in LessonProgress.objects.filter(enrolment__in=enrolments).order_by("opened_at", "pk"):
        rows[row.enrolment_id].append(row)
    return {e.pk: _progress(lessons[e.version_id], rows[e.pk]) for e in enrolments}


def for_enrolment(enrolment: Enrolment) -> Progress:
    """Progress of one enrolment. Two queries."""
    return for_enrolments([enrolment])[enrolment.pk]


def _progress(lessons: list[Lesson], rows: list[LessonProgress]) -> Progress:
    """`lessons` in course order, `rows` in the order in which they were opened."""
    done = frozenset(row.lesson_id for row in rows if row.completed_at)
    left = [lesson for lesson in lessons if lesson.pk not in done]
    begun = [row.lesson_id for row in rows if not row.completed_at]
    resumed = next((lesson for lesson in left if begun and lesson.pk == begun[-1]), None)
    return Progress(
        done=len(done),
        total=len(lessons),
        next_lesson=resumed or next(iter(left), None),
        lessons=tuple(lessons),
        done_lessons=done,
        opened_lessons=frozenset(row.lesson_id for row in rows),
    )
