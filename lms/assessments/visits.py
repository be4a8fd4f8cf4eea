"""What a request tells of a candidate's place and browser, and the door in front of every page of a running attempt."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control

from lms.accounts.network import network_of
from lms.assessments import services
from lms.assessments.errors import NotSafeBrowser, OutsideNetwork
from lms.assessments.models import Assessment, Attempt, ReferenceDocument
from lms.partners.middleware import is_shut_out, judges_membership, refuse_suspended
from lms.partners.models import Partner, today
from lms.partners.rules import todays_memberships

SAFE_BROWSER = "assessments.safe_browser"
View = Callable[..., HttpResponseBase]
AttemptView = Callable[..., HttpResponseBase]


def private(view: View) -> View:
    """For signed-in people only; never stored, by anybody."""
    return wraps(view)(login_required(cache_control(no_store=True, private=True)(view)))


def visit_of(request: HttpRequest, assessment: Assessment) -> services.Visit:
    """The place and the browser of a request. The session is asked only where an exam wants Safe Exam Browser."""
    network = network_of(request)
    agent = hashlib.sha256(request.headers.get("User-Agent", "").encode("utf-8", "replace")).hexdigest()[:16]
    if not assessment.needs_safe_browser:
        return services.Visit(network=network, agent=agent)
    return services.Visit(
        network=network,
        agent=agent,
        url=request.build_absolute_uri().partition("#")[0],
        config_hash=request.headers.get("X-SafeExamBrowser-ConfigKeyHash", ""),
        exam_hash=request.headers.get("X-SafeExamBrowser-RequestHash", ""),
        is_proved=services.keys_digest(assessment) in request.session.get(SAFE_BROWSER, []),
    )


def own_attempt(request: HttpRequest, attempt_id: UUID) -> Attempt:
    """The candidate's own attempt, scored if nothing more is taken from it; 404 for everybody else's."""
    papers = ReferenceDocument.objects.filter(assessment=OuterRef("assessment"))
    attempts = Attempt.objects.visible_to(request.user).select_related("assessment", "membership__partner")
    attempts = attempts.annotate(has_documents=Exists(papers))
    attempt = get_object_or_404(attempts, public_id=attempt_id)
    now = timezone.now()
    if attempt.submitted_at is None and attempt.is_closed(now):
        return services.submit_attempt(attempt=attempt, at=now, by=Attempt.SubmittedBy.DEADLINE)
    return attempt


def suspension(request: HttpRequest, attempt: Attempt) -> Partner | None:
    """The partner because of whose suspension nothing is taken from the candidate: that of the membership he sits the
    exam in while it holds, without a query; else he is judged by his others, as on every page."""
    membership = attempt.membership
    if membership is not None and membership.holds(today()):
        return membership.partner if membership.partner.suspended_at is not None else None
    return todays_memberships(request.user)[0].partner if is_shut_out(request.user) else None


def result_of(attempt: Attempt) -> HttpResponse:
    return redirect("assessments:result", attempt.public_id)


def refused(request: HttpRequest, assessment: Assessment, error: OutsideNetwork | NotSafeBrowser) -> HttpResponse:
    """403: the exam is not sat from here, or not in this browser."""
    context = {"assessment": assessment, "problem": error.message, "wants_browser": isinstance(error, NotSafeBrowser)}
    return render(request, "assessments/refused.html", context, status=error.status)


def sitting(view: AttemptView) -> AttemptView:
    """For pages of an attempt that runs: `view(request, attempt, …)`.

    Refused are people of a partner under suspension, by the membership they sit the exam in. What is over leads to the
    result, a break to its page; a wrong place or browser is refused, a new one written down.
    """

    @judges_membership
    @wraps(view)
    def guarded(request: HttpRequest, attempt_id: UUID, *args: Any, **kwargs: Any) -> HttpResponseBase:
        attempt, now = own_attempt(request, attempt_id), timezone.now()
        if partner := suspension(request, attempt):
            return refuse_suspended(request, partner)
        if attempt.is_over(now):
            return result_of(attempt)
        visit = visit_of(request, attempt.assessment)
        try:
            services.check_place(attempt.assessment, visit)
        except (OutsideNetwork, NotSafeBrowser) as error:
            return refused(request, attempt.assessment, error)
        services.note_visit(attempt=attempt, visit=visit, at=now)
        if attempt.is_paused(now):
            return redirect("assessments:break", attempt.public_id)
        return view(request, attempt, *args, **kwargs)

    return guarded
