"""The catalogue, lessons, and the files in them. Course and playbook pages are served by Wagtail."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from cms import catalogue as shelf
from cms import reading
from cms.catalogue import Filters
from cms.forms import EVERYBODY, MINUTES, CatalogueForm
from cms.models import CoursePage, LibraryFile, Picture, PictureRendition
from cms.rendering import segments_of
from courses.errors import EnrolmentClosed
from courses.models import Course, Lesson, Need
from courses.services import open_lesson
from lms.accounts.requests import person_of
from lms.assessments.services import Check, CheckContext, prepare_checks
from lms.common.files import send_file
from lms.partners.middleware import membership_of
from lms.partners.models import Persona

DAY_SECONDS = 86_400


@require_GET
@login_required
def catalogue(request: HttpRequest) -> HttpResponse:
    """What is for the person, found by words, need, persona and minutes."""
    personas = list(Persona.objects.order_by("position", "pk"))
    membership = membership_of(request)
    own = membership.persona if membership else None
    filters = CatalogueForm(request.GET).filters(personas, own)
    found = shelf.catalogue(person_of(request), filters, timezone.now())
    context = {
        "catalogue": found,
        "filters": filters,
        "need_chips": _chips(request, "need", [("", "Every need"), *Need.choices], filters.need),
        "persona_chips": _chips(
            request,
            "persona",
            [(EVERYBODY, "Everybody"), *((p.slug, p.name) for p in personas)],
            filters.persona.slug if filters.persona else EVERYBODY,
        ),
        "minutes_chips": _chips(
            request,
            "minutes",
            [("", "Any length"), *((str(n), f"Up to {n} min") for n in MINUTES)],
            str(filters.minutes or ""),
        ),
        "everything_url": f"{reverse('cms:catalogue')}?persona={EVERYBODY}",
        "is_filtered": filters != Filters(),
    }
    return render(request, "cms/catalogue.html", context)


def _chips(request: HttpRequest, name: str, choices: list[tuple[str, str]], current: str) -> list[dict[str, Any]]:
    """Context of components/chips.html: each choice keeps the other filters."""
    kept = {key: value for key, value in request.GET.items() if key in CatalogueForm.base_fields and key != name}
    chips = []
    for value, label in choices:
        chosen = kept | ({name: value} if value else {})
        chips.append({"label": label, "url": f"?{urlencode(chosen)}", "is_current": value == current})
    return chips


@require_safe
@login_required
def lesson(request: HttpRequest, course_slug: str, lesson_slug: str) -> HttpResponse:
    """A lesson of the version the person is enrolled in. Vendor staff read the newest; others enrol first."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=course_slug)
    place = reading.place_of(person_of(request), course)
    here = next((one for one in place.lessons if one.slug == lesson_slug), None) if place else None
    if place is None or here is None:
        raise Http404
    is_staff = request.user.has_perm("courses.view_all_courses")
    if place.enrolment is None and not is_staff:
        return redirect(reading.course_url(course))
    if place.enrolment and place.progress and here.pk not in place.progress.opened_lessons:
        with suppress(EnrolmentClosed):  # left in another window a moment ago: the text may be read
            open_lesson(enrolment=place.enrolment, lesson=here, at=timezone.now())
    before, after = place.neighbours(here)
    steward = CoursePage.objects.filter(course=course).values("last_published_at", "content_owner__name").first()
    context = {
        "course": course,
        "steward": steward,
        "place": place,
        "lesson": here,
        "outline": reading.outline(place, current=here),
        "segments": _with_checks(request, place, here),
        "before": before and {"title": before.title, "url": reading.lesson_url(course, before)},
        "after": after and {"title": after.title, "minutes": after.minutes, "url": reading.lesson_url(course, after)},
        "is_done": bool(place.progress and here.pk in place.progress.done_lessons),
        "lessons_left": place.progress.left if place.progress else (),
    }
    return render(request, "cms/lesson.html", context)


def _with_checks(request: HttpRequest, place: reading.Place, here: Lesson) -> list[tuple[str, Check | None]]:
    """The lesson's segments: HTML, or a check made for this person."""
    segments = segments_of(here, place.version.digest)
    context = CheckContext(
        parent_iri=here.activity_iri,
        registration=place.enrolment.registration if place.enrolment else None,
        back=reading.lesson_url(place.course, here),
    )
    codes = [segment.item for segment in segments if segment.item]
    checks = prepare_checks(codes=codes, person=person_of(request), at=timezone.now(), context=context) if codes else {}
    return [(segment.html, checks.get(segment.item)) for segment in segments]


@require_safe
@login_required
def image(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """A picture in one size. Its address changes with its content, so a browser may keep it."""
    visible = Picture.objects.visible_to(request.user)
    rendition = get_object_or_404(PictureRendition, public_id=public_id, image__in=visible)
    kind = rendition.file.name.rpartition(".")[2].lower()
    types = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
    if kind not in types:
        raise Http404
    name = f"image.{kind}"
    return send_file(request, rendition.file, content_type=types[kind], filename=name, inline=True, seconds=DAY_SECONDS)


@require_safe
@login_required
def document(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """A file to keep, always as a download."""
    found = get_object_or_404(LibraryFile.objects.visible_to(request.user), public_id=public_id)
    return send_file(request, found.file, content_type=found.content_type, filename=found.filename, inline=False)


@require_safe
@login_required
def video(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """A video or its captions, for the player; nothing else is ever shown inline."""
    found = get_object_or_404(LibraryFile.objects.visible_to(request.user), public_id=public_id)
    if found.video_type is None:
        raise Http404
    return send_file(
        request, found.file, content_type=found.video_type, filename=found.filename, inline=True, seconds=DAY_SECONDS
    )
