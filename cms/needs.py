"""What the library offers for each need: courses and playbooks, the ones still to do first."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from django.db.models import Count, Max, OuterRef, Subquery
from django.http import HttpRequest
from wagtail.models import Page

from cms.models import CoursePage, PlaybookPage
from cms.reading import course_url
from courses.audience import readers_of
from courses.models import CourseVersion, Enrolment
from lms.accounts.models import User
from lms.common.keeping import kept
from lms.common.needs import NeedLink
from lms.partners.models import today

KEEP_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One page of the library as an answer; `course` is the id of the course it shows."""

    need: str
    link: NeedLink
    course: int | None = None


def links(request: HttpRequest) -> dict[str, list[NeedLink]]:
    """By need: courses not completed, playbooks, completed courses. Two queries beside those of the audience."""
    user, on = request.user, today()
    assert isinstance(user, User)  # noqa: S101  the pages that ask are for who is signed in
    mine = dict(Enrolment.objects.current().filter(person=user).values_list("course", "completed_at"))
    done = {course for course, completed_at in mine.items() if completed_at}
    found: defaultdict[str, list[NeedLink]] = defaultdict(list)
    offers = _offers(user, frozenset(mine), on)
    for offer in offers:
        if offer.course not in done:
            found[offer.need].append(offer.link)
    for offer in offers:
        if offer.course in done:
            link = NeedLink(title=offer.link.title, url=offer.link.url, meta="Done", note=offer.link.note)
            found[offer.need].append(link)
    return found


def _offers(user: User, enrolled: frozenset[int], on: date) -> list[Offer]:
    """What the person may see, kept for all who may see the same while the library stays as it is."""
    live = Page.objects.live().aggregate(newest=Max("last_published_at"), count=Count("pk"))
    audience = ["staff"] if user.has_perm("courses.view_all_courses") else [repr(r) for r in readers_of(user)]
    facts = repr((live["newest"], live["count"], on, sorted(audience), sorted(enrolled)))
    return kept(f"cms.offers.{blake2b(facts.encode()).hexdigest()}", KEEP_SECONDS, lambda: _read(user, on))


def _read(user: User, on: date) -> list[Offer]:
    """Courses, then playbooks, by title. Two queries."""
    newest = CourseVersion.objects.filter(course=OuterRef("course")).order_by("-number")
    courses = (
        CoursePage.objects.visible_to(user)
        .filter(course__isnull=False, review_on__gte=on)
        .annotate(outline_minutes=Subquery(newest.values("minutes")[:1]))
        .select_related("course")
        .defer_streamfields()
        .order_by("title")
    )
    playbooks = PlaybookPage.objects.visible_to(user).filter(review_on__gte=on).defer_streamfields().order_by("title")
    return [
        Offer(
            need=page.need,
            course=page.course.pk,
            link=NeedLink(
                title=page.title, url=course_url(page.course), meta=f"{page.outline_minutes} min", note=page.promise
            ),
        )
        for page in courses
    ] + [
        Offer(
            need=page.need,
            link=NeedLink(title=page.title, url=page.get_url() or "", meta=f"{page.minutes} min", note=page.summary),
        )
        for page in playbooks
    ]
