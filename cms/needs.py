"""What the library offers for each need: courses and playbooks, the ones still to do first."""

from collections import defaultdict

from django.db.models import Exists, OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone

from cms.models import CoursePage, PlaybookPage
from cms.reading import course_url
from courses.models import CourseVersion, Enrolment
from lms.common.needs import NeedLink


def links(request: HttpRequest) -> dict[str, list[NeedLink]]:
    """By need: courses not completed, playbooks, completed courses. Two queries beside those of the audience."""
    user, on = request.user, timezone.localdate()
    newest = CourseVersion.objects.filter(course=OuterRef("course")).order_by("-number")
    done = Enrolment.objects.current().filter(course=OuterRef("course"), person=user.pk).exclude(completed_at=None)
    courses = (
        CoursePage.objects.visible_to(user)
        .filter(course__isnull=False, review_on__gte=on)
        .annotate(outline_minutes=Subquery(newest.values("minutes")[:1]), is_done=Exists(done))
        .select_related("course")
        .defer_streamfields()
        .order_by("is_done", "title")
    )
    playbooks = PlaybookPage.objects.visible_to(user).filter(review_on__gte=on).defer_streamfields().order_by("title")
    found: defaultdict[str, list[NeedLink]] = defaultdict(list)
    finished: list[tuple[str, NeedLink]] = []
    for page in courses:
        meta = "Done" if page.is_done else f"{page.outline_minutes} min"
        link = NeedLink(title=page.title, url=course_url(page.course), meta=meta, note=page.promise)
        if page.is_done:
            finished.append((page.need, link))
        else:
            found[page.need].append(link)
    for page in playbooks:
        url = page.get_url(request) or ""
        found[page.need].append(NeedLink(title=page.title, url=url, meta=f"{page.minutes} min", note=page.summary))
    for need, link in finished:
        found[need].append(link)
    return found
