"""Progress, counted in lessons: never stored, never a float."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from courses.models import Enrolment, Lesson, LessonProgress

if TYPE_CHECKING:
    from lms.accounts.models import User

OUTLINES_KEPT = 500


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one enrolment is. Lessons come without their bodies; `next_lesson` is None when all are done.

    `touched_at` is when a lesson was last opened for the first time.
    """

    done: int
    total: int
    next_lesson: Lesson | None
    lessons: tuple[Lesson, ...]
    done_lessons: frozenset[int]
    opened_lessons: frozenset[int]
    touched_at: datetime | None = None

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


class _Outlines:
    """Lessons of versions without their bodies, kept in the process: a version never changes once it is published."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, tuple[Lesson, ...]] = OrderedDict()
        self._lock = Lock()

    def of(self, versions: Iterable[int]) -> dict[int, tuple[Lesson, ...]]:
        """Lessons in course order by version id. One query for those not kept."""
        wanted = set(versions)
        with self._lock:
            found = {pk: self._kept[pk] for pk in wanted if pk in self._kept}
        if missing := wanted - found.keys():
            read: dict[int, list[Lesson]] = {pk: [] for pk in missing}
            for lesson in Lesson.objects.filter(version__in=missing).outlined():
                read[lesson.version_id].append(lesson)
            found |= {pk: tuple(lessons) for pk, lessons in read.items()}
            self._keep({pk: found[pk] for pk in missing if found[pk]})
        return found

    def _keep(self, lessons: dict[int, tuple[Lesson, ...]]) -> None:
        with self._lock:
            self._kept.update(lessons)
            while len(self._kept) > OUTLINES_KEPT:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """For tests, which roll versions back and give their ids to others."""
        with self._lock:
            self._kept.clear()


outlines = _Outlines()


def learning_of(person: "User") -> dict[Enrolment, Progress]:
    """The person's current enrolments with course, version and progress, newest first. Two queries."""
    mine = Enrolment.objects.current().filter(person=person).select_related("course", "version")
    enrolments = list(mine.order_by("-enrolled_at"))
    counts = for_enrolments(enrolments)
    return {enrolment: counts[enrolment.pk] for enrolment in enrolments}


def for_enrolments(enrolments: Iterable[Enrolment]) -> dict[int, Progress]:
    """Progress by enrolment id. One query however many enrolments there are, and one for versions not seen before."""
    enrolments = list(enrolments)
    lessons = outlines.of(enrolment.version_id for enrolment in enrolments)
    rows: dict[int, list[LessonProgress]] = defaultdict(list)
    for row in LessonProgress.objects.filter(enrolment__in=enrolments).order_by("opened_at", "pk"):
        rows[row.enrolment_id].append(row)
    return {e.pk: _progress(lessons[e.version_id], rows[e.pk]) for e in enrolments}


def for_enrolment(enrolment: Enrolment) -> Progress:
    """Progress of one enrolment. One query, and one for a version not seen before."""
    return for_enrolments([enrolment])[enrolment.pk]


def _progress(lessons: tuple[Lesson, ...], rows: list[LessonProgress]) -> Progress:
    """`lessons` in course order, `rows` in the order in which they were opened."""
    done = frozenset(row.lesson_id for row in rows if row.completed_at)
    left = [lesson for lesson in lessons if lesson.pk not in done]
    begun = [row.lesson_id for row in rows if not row.completed_at]
    resumed = next((lesson for lesson in left if begun and lesson.pk == begun[-1]), None)
    return Progress(
        done=len(done),
        total=len(lessons),
        next_lesson=resumed or next(iter(left), None),
        lessons=lessons,
        done_lessons=done,
        opened_lessons=frozenset(row.lesson_id for row in rows),
        touched_at=rows[-1].opened_at if rows else None,
    )
