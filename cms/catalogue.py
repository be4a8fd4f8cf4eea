"""The catalogue: what a person may learn and use, filtered and searched. Reads only."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Count, F, Max

from cms.models import CoursePage, PlaybookPage
from cms.models.base import ContentPage
from cms.reading import certifications_of, course_url
from courses import progress
from courses.audience import opened, readers_of
from courses.models import CourseVersion, Enrolment, Need
from courses.progress import Progress
from lms.common.guards import clean_search_query
from lms.partners.models import Persona

if TYPE_CHECKING:
    from lms.accounts.models import User

MAX_HITS = 200
P = TypeVar("P", CoursePage, PlaybookPage)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What was asked for. Unknown words mean no filter, never an error."""

    q: str = ""
    need: str = ""
    persona: Persona | None = None
    minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the catalogue. `progress` is None for who is not enrolled, and for what cannot be enrolled in;
    `is_closed` is what another tier opens."""

    page: ContentPage
    url: str
    title: str
    promise: str
    need: str
    minutes: int
    lessons: int = 0
    certifications: tuple[str, ...] = ()
    enrolment: Enrolment | None = None
    progress: Progress | None = None
    is_closed: bool = False

    @property
    def is_course(self) -> bool:
        return isinstance(self.page, CoursePage)

    @property
    def need_label(self) -> str:
        return str(Need(self.need).label)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """`in_review` are titles that were withdrawn until somebody has looked at them again (R51)."""

    rows: list[Row]
    in_review: list[str]


def catalogue(user: "User", filters: Filters, at: datetime) -> Catalogue:
    """Rows for a person in the order of their titles, or of the search's ranking. Query count is constant."""
    on = at.astimezone(UTC).date()
    courses = _matching(CoursePage, user, filters)
    playbooks, closed = _told(_matching(PlaybookPage, user, filters), user, filters, at)
    rows = _course_rows([p for p in courses if not p.is_overdue(on)], user)
    rows += [_playbook_row(p, is_closed=p.pk in closed) for p in playbooks if not p.is_overdue(on)]
    if filters.minutes is not None:
        rows = [row for row in rows if row.minutes <= filters.minutes]
    if not filters.q:
        rows.sort(key=lambda row: (not row.is_course, row.title.casefold()))
    return Catalogue(rows=rows, in_review=sorted(page.title for page in (*courses, *playbooks) if page.is_overdue(on)))


def _matching(model: type[P], user: "User", filters: Filters) -> list[P]:
    """Visible pages of one type that pass the filters, best hit first when there is a search."""
    pages = model.objects.visible_to(user).defer_streamfields()
    if model is CoursePage:
        pages = pages.select_related("course")
    if filters.need:
        pages = pages.filter(need=filters.need)
    if filters.persona is not None:
        pages = pages.for_persona(filters.persona)
    query = clean_search_query(filters.q)
    if not filters.q:
        return list(pages)
    if not query:
        return []
    hits = _hits(model, query)
    rank = {pk: place for place, pk in enumerate(hits)}
    return sorted(pages.filter(pk__in=hits), key=lambda page: rank[page.pk])


def _told(
    pages: list[PlaybookPage], user: "User", filters: Filters, at: datetime
) -> tuple[list[PlaybookPage], set[int]]:
    """The playbooks that a person may know to match, and which of them his tier does not open.

    Of those only what the row shows is searched: else the words of a page could be tried out one by one.
    """
    asking = {page.pk for page in pages if page.required_benefit}
    if not asking or user.has_perm("courses.view_all_courses"):
        return pages, set()
    free = PlaybookPage.objects.filter(opened(PlaybookPage, readers_of(user), at), pk__in=asking)
    closed = asking - set(free.values_list("pk", flat=True))
    words = clean_search_query(filters.q).casefold().split()
    return [page for page in pages if page.pk not in closed or _shows(page, words)], closed


def _shows(page: PlaybookPage, words: list[str]) -> bool:
    shown = f"{page.title} {page.summary}".casefold()
    return all(word in shown for word in words)


def _hits(model: type[P], query: str) -> list[int]:
    """Ids of live pages that hold every word, best first; for a word not finished, those whose title goes on so."""
    live = model.objects.live()
    found = live.search(query, operator="and")[:MAX_HITS]
    return [page.pk for page in found] or [page.pk for page in live.autocomplete(query, operator="and")[:MAX_HITS]]


def _course_rows(pages: list[CoursePage], user: "User") -> list[Row]:
    courses = [page.course for page in pages if page.course]
    newest = (
        CourseVersion.objects.filter(course__in=courses)
        .annotate(newest=Max("course__versions__number"), lesson_count=Count("lessons", distinct=True))
        .filter(number=F("newest"))
    )
    versions = {version.course_id: version for version in newest}
    mine = {e.course_id: e for e in Enrolment.objects.current().filter(person=user, course__in=courses)}
    counts = progress.for_enrolments(mine.values())
    titles = certifications_of(courses)
    rows = []
    for page, course in ((page, page.course) for page in pages if page.course):
        version, enrolment = versions[course.pk], mine.get(course.pk)
        rows.append(
            Row(
                page=page,
                url=course_url(course),
                title=page.title,
                promise=page.promise,
                need=page.need,
                minutes=version.minutes,
                lessons=version.lesson_count,
                certifications=tuple(titles.get(course.pk, [])),
                enrolment=enrolment,
                progress=counts[enrolment.pk] if enrolment else None,
            )
        )
    return rows


def _playbook_row(page: PlaybookPage, *, is_closed: bool) -> Row:
    return Row(
        page=page,
        url=page.get_url() or "",
        title=page.title,
        promise=page.summary,
        need=page.need,
        minutes=page.minutes,
        is_closed=is_closed,
    )
