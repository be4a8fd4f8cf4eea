"""What a learner hands in: for a practice task, and as a claim of continuing points; and the files of it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from certifications import services
from certifications.forms import ClaimForm, HandInForm
from certifications.models import Certification, PracticeTask, Submission
from certifications.progress import progress
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.common.files import send_file
from lms.partners.middleware import membership_of
from lms.partners.models import today


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def practice(request: HttpRequest, slug: str) -> HttpResponse:
    """A practice task: what to do, what was handed in and what was said to it, and the form to hand in."""
    person = person_of(request)
    task = get_object_or_404(PracticeTask.objects.visible_to(person), slug=slug)
    form = HandInForm(request.POST, request.FILES) if request.method == "POST" else HandInForm()
    if request.method == "POST" and form.is_valid():
        try:
            services.hand_in(
                task=task, person=person, membership=membership_of(request), at=timezone.now(), **form.handed_in
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "It is handed in. You get a letter when a reviewer has read it.")
            return redirect("certifications:practice", slug)
    handed_in = list(task.submissions.filter(person=person).select_related("task").order_by("-submitted_at", "-pk"))
    page = {
        "task": task,
        "form": form,
        "handed_in": handed_in,
        "is_waiting": any(one.is_waiting for one in handed_in),
        "is_accepted": any(one.is_accepted for one in handed_in),
    }
    return render(request, "certifications/practice.html", page)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def points(request: HttpRequest, slug: str) -> HttpResponse:
    """The continuing points of what one holds: what counts, what is missing, and the form to claim more. 404 for a
    certification without points, 403 for who does not hold it."""
    person = person_of(request)
    certification = get_object_or_404(Certification.objects.visible_to(person).filter(renewal_points__gt=0), slug=slug)
    state = progress(person, certification, today())
    if state.points is None:
        raise PermissionDenied
    form = ClaimForm(request.POST, request.FILES) if request.method == "POST" else ClaimForm()
    if request.method == "POST" and form.is_valid():
        try:
            services.claim_points(
                certification=certification,
                person=person,
                membership=membership_of(request),
                at=timezone.now(),
                **form.claimed,
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "It is claimed. You get a letter when a reviewer has read it.")
            return redirect("certifications:points", slug)
    claims = certification.claims.filter(person=person).order_by("-submitted_at", "-pk")
    page = {"progress": state, "form": form, "handed_in": list(claims)}
    return render(request, "certifications/points.html", page)


@login_required
@require_safe
def evidence_file(request: HttpRequest, submission_id: object) -> HttpResponseBase:
    """A file that was handed in, as a download: for its owner, and for reviewers who may judge it."""
    found = get_object_or_404(
        Submission.objects.visible_to(request.user).exclude(file="").select_related("membership"),
        public_id=submission_id,
    )
    return send_file(
        request, found.file, content_type="application/octet-stream", filename=found.file_name, inline=False
    )
