"""Pages of the admin about evidence: what waits for a reviewer, one of them with its history, points for many."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from certifications import services
from certifications.forms import JudgementForm, RecordPointsForm
from certifications.manage_views import MAX_ROWS_IN_PAGE, needs
from certifications.models import Submission
from certifications.rules import is_independent
from lms.accounts.requests import person_of
from lms.common.errors import DomainError

_WITH = ("task", "certification", "person", "membership__partner", "decided_by")


@require_safe
@needs("certifications.review_practice")
def evidence_list(request: HttpRequest) -> HttpResponse:
    """What waits, the longest first, and what was judged last."""
    rows = Submission.objects.visible_to(request.user).select_related(*_WITH)
    context = {
        "waiting": rows.waiting().order_by("submitted_at", "pk")[:MAX_ROWS_IN_PAGE],
        "judged": rows.exclude(decided_at=None).order_by("-decided_at", "-pk")[:50],
        "page_title": "Evidence to review",
    }
    return render(request, "certifications/admin/evidence_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("certifications.review_practice")
def evidence(request: HttpRequest, submission_id: object) -> HttpResponse:
    """One that was handed in, with what the person handed in before for the same, and the reviewer's word."""
    rows = Submission.objects.visible_to(request.user).select_related(*_WITH)
    found = get_object_or_404(rows, public_id=submission_id)
    form = JudgementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.judge_submission(
                submission=found,
                is_accepted=form.cleaned_data["verdict"] == "accept",
                reason=form.cleaned_data["reason"],
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            word = "accepted" if found.is_accepted else "returned"
            messages.success(request, f"“{found.what}” of {found.person} is {word}.")
            return redirect("evidence:list")
    context: dict[str, Any] = {
        "one": found,
        "before": rows.filter(person=found.person, task=found.task, certification=found.certification)
        .exclude(pk=found.pk)
        .order_by("-submitted_at", "-pk"),
        "form": form,
        "may_judge": request.user.has_perm("certifications.review_practice", found)
        and is_independent(person_of(request), found),
        "page_title": found.what,
    }
    return render(request, "certifications/admin/evidence.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@needs("certifications.manage_certifications")
def record_points(request: HttpRequest) -> HttpResponse:
    """Points for those who took part in something."""
    form = RecordPointsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.record_points(by=person_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            waiting = _waiting(request, form)
            asked = len(form.cleaned_data["people"])
            left = asked - len(made) - len(waiting)
            known = f" {left} had them already." if left else ""
            messages.success(request, f"Recorded for {len(made)} of {asked}.{known}")
            if waiting:
                names = ", ".join(one.person.name for one in waiting)
                messages.warning(request, f"Not recorded, for their own claim waits for a reviewer: {names}.")
            return redirect("evidence:points")
    context = {"form": form, "page_title": "Record points"}
    return render(request, "certifications/admin/record_points.html", context)


def _waiting(request: HttpRequest, form: RecordPointsForm) -> list[Submission]:
    """Their own claims of what was recorded, still to be judged."""
    said = form.cleaned_data
    claims = (
        Submission.objects.visible_to(request.user)
        .waiting()
        .filter(certification=said["certification"], title=said["title"], happened_on=said["happened_on"])
    )
    return list(claims.filter(person__in=said["people"]).select_related("person").order_by("submitted_at", "pk"))
