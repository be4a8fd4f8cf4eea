"""Around the questions of an exam: breaks, sections, papers on the desk, the last minute, the look back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.assessments import items, services
from lms.assessments.formats import handed_in
from lms.assessments.formats.media import CONTENT_TYPES
from lms.assessments.frames import frame
from lms.assessments.media import addresses_for
from lms.assessments.models import Assessment, Attempt, Response
from lms.assessments.models.settings import ExamSettings
from lms.assessments.visits import (
    SAFE_BROWSER,
    own_attempt,
    private,
    result_of,
    sitting,
    suspension,
)
from lms.common import guards
from lms.common.errors import DomainError
from lms.common.files import send_file
from lms.partners.middleware import refuse_suspended

MAX_EVENT_BYTES = 20_000
MAX_PROOF_BYTES = 5_000


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What was taken from a candidate: how many questions there were, were answered, and came in the grace."""

    questions: int
    answered: int
    late: int


def taken(attempt: Attempt) -> Taken:
    """One query."""
    rows = list(attempt.responses.values_list("version", "answer", "is_late"))
    return Taken(
        questions=len(rows),
        answered=sum(answer is not None for _, answer, _ in rows),
        late=sum(is_late for *_, is_late in rows),
    )


def closing(request: HttpRequest, attempt: Attempt, at: datetime) -> HttpResponse:
    """The time is up, and answers that waited in a browser may still come: the page asks again when that is over."""
    closes_at = attempt.closes_at or attempt.deadline_at
    seconds = int((closes_at - at).total_seconds()) + 1
    context = {**frame(request, attempt), "taken": taken(attempt), "closes_in": seconds}
    response = render(request, "assessments/closing.html", context)
    response["Refresh"] = str(seconds)
    return response


def may_review(attempt: Attempt, at: datetime) -> bool:
    """Whether the candidate may look at his answers now, by the exam as it stands."""
    exam = attempt.assessment
    if not attempt.is_result_known or not exam.review_shows:
        return False
    is_over = exam.closed_at is not None and at >= exam.closed_at
    return exam.review_when != ExamSettings.ReviewWhen.AFTER_CLOSE or is_over


@require_safe
@private
def answers(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The candidate's answers with their points and, where the exam says so, the feedback. 404 before that."""
    attempt = own_attempt(request, attempt_id)
    if not may_review(attempt, timezone.now()):
        raise Http404
    has_feedback = attempt.assessment.review_shows == ExamSettings.ReviewShows.FEEDBACK
    rows = attempt.responses.select_related("item_version", "attempt").order_by("position")
    marks = services.feedback_on(attempt) if has_feedback and attempt.marking_asked_at else {}
    files = services.files_of(attempt)
    reviewed = [_reviewed(one, has_feedback) | {"marks": marks.get(one.pk), "file": files.get(one.pk)} for one in rows]
    context = {"attempt": attempt, "assessment": attempt.assessment, "reviewed": reviewed}
    return render(request, "assessments/answers.html", context)


def _reviewed(response: Response, has_feedback: bool) -> dict[str, Any]:
    version = response.item_version
    remarks: tuple[SafeString, ...] = ()
    if has_feedback:
        address = addresses_for(response.attempt.person_id)
        remarks = tuple(
            mark_safe(items.with_addresses(text, address))  # noqa: S308  cleaned when the version was made
            for text in items.feedback(version.type, version.loaded_key, response.answer)
        )
    place = response.position
    names = {"stem_id": f"stem-{place}", "field_id": f"answer-{place}"}
    return {"response": response, "question": response.question, "remarks": remarks, **names}


@require_safe
@private
def answer_file(request: HttpRequest, attempt_id: UUID, position: int) -> HttpResponseBase:
    """The file that a candidate handed in, back to himself: to be kept, never shown by us."""
    attempt = own_attempt(request, attempt_id)
    response = get_object_or_404(attempt.responses.select_related("item_version"), position=position)
    found = services.file_of(response)
    if found is None:
        raise Http404
    content_type = handed_in.CONTENT_TYPES.get(found.extension, handed_in.ANY_TYPE)
    return send_file(request, found.file, content_type=content_type, filename=found.name, inline=False)


@require_http_methods(["GET", "HEAD", "POST"])
@private
def take_break(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Stops the clock and lets it go on; shows nothing of the exam in between."""
    attempt, now = own_attempt(request, attempt_id), timezone.now()
    if attempt.is_over(now):
        return result_of(attempt)
    if partner := suspension(request, attempt):
        return refuse_suspended(request, partner)
    try:
        if request.POST.get("break") == "start":
            attempt = services.start_break(attempt=attempt, at=now)
        elif request.method == "POST":
            attempt = services.end_break(attempt=attempt, at=now)
    except DomainError as error:
        messages.warning(request, error.message)
    if not attempt.is_paused(now) or attempt.paused_at is None:
        return redirect("assessments:item", attempt.public_id, services.open_positions(attempt, now).start)
    left = attempt.break_seconds_left - int((now - attempt.paused_at).total_seconds())
    context = {
        "attempt": attempt,
        "assessment": attempt.assessment,
        "break_seconds": left,
        "break_minutes": left // 60,
        "seconds_left": attempt.seconds_left(now),
        "exam_minutes": attempt.seconds_left(now) // 60,
    }
    return render(request, "assessments/break.html", context)


@require_POST
@private
@sitting
def finish_section(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """Ends the section the button was for and opens the next; a repeat only goes on."""
    now = timezone.now()
    index = request.POST.get("section", "")
    if index.isascii() and index.isdigit() and len(index) < 4:
        services.finish_section(attempt=attempt, index=int(index), at=now)
    attempt.refresh_from_db()
    return redirect("assessments:item", attempt.public_id, services.open_positions(attempt, now).start or 1)


@require_POST
@private
def events(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """What the browser noticed, for the timeline: {"events": [{"kind", "item", "seconds"}]}. Answers 204."""
    attempt = get_object_or_404(Attempt.objects.visible_to(request.user), public_id=attempt_id)
    try:
        services.tell_events(attempt=attempt, told=_told(request), at=timezone.now())
    except DomainError as error:
        return JsonResponse({"code": error.code, "detail": error.message}, status=400)
    return HttpResponse(status=204)


def _told(request: HttpRequest) -> list[services.Told]:
    body = guards.load_json(request.body, max_bytes=MAX_EVENT_BYTES)
    try:
        return [
            services.Told(kind=one["kind"], item=_small(one.get("item", 0)), seconds=_small(one.get("seconds", 0)))
            for one in body["events"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise guards.UnsafeInput("These are no events. Nothing was written.") from error


def _small(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000 else 0


@require_safe
@private
@sitting
def document(request: HttpRequest, attempt: Attempt, document_id: UUID) -> HttpResponseBase:
    """A paper that lies on the desk, while the exam runs and for who sits it."""
    found = get_object_or_404(attempt.assessment.documents, public_id=document_id)
    return send_file(
        request,
        found.file,
        content_type="application/pdf" if found.extension == "pdf" else CONTENT_TYPES[found.extension],
        filename=f"{found.title}.{found.extension}",
        inline=True,
    )


@require_POST
@private
def safe_browser(request: HttpRequest, slug: str) -> HttpResponse:
    """Proof by Safe Exam Browser's JavaScript interface, for its versions that send no headers; kept in the session.

    {"url", "config", "exam"}: the address of the page and the two hashes it computed for it. 204 when they fit, 403
    otherwise. The address must be one of ours under /exams/, so a hash from elsewhere proves nothing.
    """
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), slug=slug)
    try:
        body = guards.load_json(request.body, max_bytes=MAX_PROOF_BYTES)
        url, config, exam = (str(body[name]) for name in ("url", "config", "exam"))
        page = urlsplit(url)
    except (DomainError, KeyError, TypeError, ValueError):
        return HttpResponse(status=400)
    own = urlsplit(request.build_absolute_uri())
    is_ours = (page.scheme, page.netloc) == (own.scheme, own.netloc) and page.path.startswith(
        reverse("assessments:start", args=[slug]).removesuffix(f"{slug}/")
    )
    visit = services.Visit(url=url.partition("#")[0], config_hash=config, exam_hash=exam)
    if not is_ours or not services.is_safe_browser(assessment, visit):
        return HttpResponse(status=403)
    proved: list[str] = request.session.get(SAFE_BROWSER, [])
    digest = services.keys_digest(assessment)
    if digest not in proved:
        request.session[SAFE_BROWSER] = [*proved[-9:], digest]
    return HttpResponse(status=204)
