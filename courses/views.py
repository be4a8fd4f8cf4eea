"""The learner's actions on a course. Pages that show courses are the CMS's."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from courses import progress, services
from courses.models import Course, Enrolment
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.partners.middleware import membership_of


def _course_page(course: Course) -> HttpResponse:
    return redirect("wagtail_serve", f"{course.slug}/")


def _told(request: HttpRequest, error: DomainError, course: Course) -> HttpResponse:
    """Back to the course with the reason: somebody was quicker, or the course is done."""
    messages.warning(request, error.message)
    return _course_page(course)


def _own_enrolment(request: HttpRequest, course_id: object) -> Enrolment:
    enrolments = Enrolment.objects.visible_to(request.user).current().filter(person=person_of(request))
    return get_object_or_404(enrolments.select_related("course"), course__public_id=course_id)


@require_POST
@login_required
def enrol(request: HttpRequest, course_id: object) -> HttpResponse:
    """Enrols and goes to the first lesson; who is enrolled already goes on where he left."""
    person = person_of(request)
    course = get_object_or_404(Course.objects.visible_to(person), public_id=course_id)
    mine = Enrolment.objects.current().filter(person=person, course=course).select_related("course").first()
    if mine is None:
        if not person.has_perm("courses.enrol", course):
            raise PermissionDenied
        try:
            mine = services.enrol_person(
                person=person, course=course, membership=membership_of(request), at=timezone.now()
            )
        except DomainError as error:
            return _told(request, error, course)
    lesson = progress.for_enrolment(mine).next_lesson
    return redirect("cms:lesson", course.slug, lesson.slug) if lesson else _course_page(course)


@require_POST
@login_required
def withdraw(request: HttpRequest, course_id: object) -> HttpResponse:
    """Leaves a course that is not completed."""
    enrolment = _own_enrolment(request, course_id)
    try:
        services.withdraw_enrolment(enrolment=enrolment, by=person_of(request), at=timezone.now())
    except DomainError as error:
        return _told(request, error, enrolment.course)
    messages.success(request, f"You have left “{enrolment.course.title}”. What you did stays on your record.")
    return _course_page(enrolment.course)


@require_POST
@login_required
def complete_lesson(request: HttpRequest, course_id: object, lesson: str) -> HttpResponse:
    """Marks a lesson done and goes to the next one that is not, or back to the course when none is left."""
    enrolment = _own_enrolment(request, course_id)
    done = get_object_or_404(enrolment.version.lessons.defer("body"), slug=lesson)
    try:
        completion = services.complete_lesson(enrolment=enrolment, lesson=done, at=timezone.now())
    except DomainError as error:
        return _told(request, error, enrolment.course)
    if completion.course_completed:
        messages.success(request, f"You have completed “{enrolment.course.title}”.")
        return _course_page(enrolment.course)
    left = progress.for_enrolment(enrolment).left
    following = next((one for one in left if one.position > done.position), None) or next(iter(left), None)
    if following is None:
        return _course_page(enrolment.course)
    if completion.module_completed:
        messages.success(request, f"Module done: {done.module.title}.")
    return redirect("cms:lesson", enrolment.course.slug, following.slug)
