"""The exam as the candidate sees it: one question per page, works without JavaScript; and the knowledge check.

No page of an attempt is ever stored by a browser or a cache, and none tells whether an answer is right.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.errors import AttemptOver, MustWait, NewerAnswer, NoSuchItem
from lms.assessments.formats.media import CONTENT_TYPES
from lms.assessments.forms import SaveForm, read_answer, refill
from lms.assessments.items import AnswerRefused, Question
from lms.assessments.media import digest_of
from lms.assessments.models import Assessment, Attempt, ItemMedia, Response
from lms.common import guards, lessons
from lms.common.errors import DomainError
from lms.common.files import send_file
from lms.partners.middleware import membership_of

View = Callable[..., HttpResponseBase]
MAX_SAVE_BYTES = 50_000
SAVED_HERE = "Saved {}"


def private(view: View) -> View:
    """For signed-in people only; never stored, by anybody."""
    return wraps(view)(login_required(cache_control(no_store=True, private=True)(view)))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  narrows the type: `private` let nobody else pass
    return request.user


def _attempt(request: HttpRequest, attempt_id: UUID) -> Attempt:
    """The candidate's own attempt, scored if its time is up; 404 for everybody else's."""
    attempts = Attempt.objects.visible_to(request.user).select_related("assessment")
    attempt = get_object_or_404(attempts, public_id=attempt_id)
    now = timezone.now()
    if attempt.submitted_at is None and attempt.is_over(now):
        return services.submit_attempt(attempt=attempt, at=now, by=Attempt.SubmittedBy.DEADLINE)
    return attempt


def _result(attempt: Attempt) -> HttpResponse:
    return redirect("assessments:result", attempt.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@private
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Rules and state of an exam; starting it, or going on with the attempt that is open."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), slug=slug)
    person, now = _user(request), timezone.now()
    problem, status = "", 200
    if request.method == "POST":
        try:
            attempt = services.start_attempt(
                assessment=assessment, person=person, membership=membership_of(request), at=now
            )
        except MustWait:
            status = 409  # the page says until when
        except DomainError as error:
            problem, status = error.message, error.status
        else:
            return redirect("assessments:item", attempt.public_id, _first_open(attempt))
    state = services.state_for(assessment, person, now)
    sections = list(assessment.sections.order_by("position"))
    context = {
        "assessment": assessment,
        "state": state,
        "sections": sections,
        "questions": sum(section.draw for section in sections),
        "attempts_used": assessment.attempts_allowed - state.attempts_left,
        "first_open": _first_open(state.attempt) if state.state == services.State.OPEN and state.attempt else 1,
        "problem": problem,
    }
    return render(request, "assessments/start.html", context, status=status)


def _first_open(attempt: Attempt) -> int:
    first = (
        attempt.responses.filter(answer__isnull=True).order_by("position").values_list("position", flat=True).first()
    )
    return first or 1


@require_http_methods(["GET", "HEAD", "POST"])
@private
def item(request: HttpRequest, attempt_id: UUID, position: int) -> HttpResponse:
    """One question. Posting saves the answer and goes where the pressed button says."""
    attempt = _attempt(request, attempt_id)
    if attempt.submitted_at is not None:
        return _result(attempt)
    if request.method == "POST":
        refused = _save_form(request, attempt, position)
        return refused or _go(attempt, position, request.POST.get("go", ""))
    return _item_page(request, attempt, position)


def _go(attempt: Attempt, position: int, where: str) -> HttpResponse:
    if where == "previous" and position > 1:
        return redirect("assessments:item", attempt.public_id, position - 1)
    if where == "next" and attempt.responses.filter(position=position + 1).exists():
        return redirect("assessments:item", attempt.public_id, position + 1)
    return redirect("assessments:review", attempt.public_id)


def _save_form(request: HttpRequest, attempt: Attempt, position: int) -> HttpResponse | None:
    """Saves what a form brought. Returns the page that says why it was not saved, or None."""
    version, nonce = SaveForm(request.POST).values()
    if nonce is None:
        return None  # autosave has brought it already
    try:
        question = _response(attempt, position).question
        services.save_response(
            attempt=attempt,
            position=position,
            answer=read_answer(question, request.POST),
            version=version,
            nonce=nonce,
            at=timezone.now(),
        )
    except AttemptOver:
        return _result(_attempt(request, attempt.public_id))
    except NewerAnswer:
        problem = "A newer answer to this question was given in another tab or on another device. It is shown here."
        return _item_page(request, attempt, position, problem=problem, status=409)
    except DomainError as error:
        typed = refill(question, request.POST)
        return _item_page(request, attempt, position, question=typed, problem=error.message, status=400)
    return None


def _response(attempt: Attempt, position: int) -> Response:
    return get_object_or_404(attempt.responses.select_related("item_version"), position=position)


def _item_page(
    request: HttpRequest,
    attempt: Attempt,
    position: int,
    *,
    question: Question | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    response = _response(attempt, position)
    context = {
        **_frame(request, attempt, position),
        "response": response,
        "question": question or response.question,
        "nonce": uuid4(),
        "next_seq": response.version + 1,
        "save_url": reverse("assessments:save", args=[attempt.public_id]),
        "saved": SAVED_HERE.format(_clock(request, response.saved_at)) if response.saved_at else "",
        "problem": problem,
    }
    return render(request, "assessments/item.html", context, status=status)


def _frame(request: HttpRequest, attempt: Attempt, position: int | None = None) -> dict[str, Any]:
    """What every page of an attempt shows: the clock, and the questions with their states. One query."""
    rows = list(attempt.responses.order_by("position").only("position", "section", "answer", "is_flagged", "attempt"))
    answered, flagged = sum(row.is_answered for row in rows), sum(row.is_flagged for row in rows)
    summary = [f"{answered} answered", f"{flagged} flagged" if flagged else "", f"{len(rows) - answered} open"]
    return {
        "attempt": attempt,
        "assessment": attempt.assessment,
        "seconds_left": attempt.seconds_left(timezone.now()),
        "minutes_left": attempt.seconds_left(timezone.now()) // 60,
        "result_url": reverse("assessments:result", args=[attempt.public_id]),
        "review_url": reverse("assessments:review", args=[attempt.public_id]),
        "save_url": reverse("assessments:save", args=[attempt.public_id]),
        "questions": [
            {
                "number": row.position,
                "url": reverse("assessments:item", args=[attempt.public_id, row.position]),
                "is_current": row.position == position,
                "is_flagged": row.is_flagged,
                "state": "answered" if row.is_answered else "open",
                "section": row.section,
            }
            for row in rows
        ],
        "count": len(rows),
        "open_count": len(rows) - answered,
        "summary": " · ".join(part for part in summary if part),
        "watermark": f"{request.user} · {attempt.public_id}",
    }


def _clock(request: HttpRequest, at: Any) -> str:
    """ "10:42" where the person is."""
    return f"{at.astimezone(ZoneInfo(_user(request).time_zone)):%H:%M}"


@require_POST
@private
def flag(request: HttpRequest, attempt_id: UUID, position: int) -> HttpResponse:
    """Sets or removes the flag of a question, keeps the answer that was on the page, and stays there."""
    attempt = _attempt(request, attempt_id)
    if attempt.submitted_at is not None:
        return _result(attempt)
    refused = _save_form(request, attempt, position)
    try:
        services.flag_response(
            attempt=attempt, position=position, is_flagged=request.POST.get("flag") == "1", at=timezone.now()
        )
    except AttemptOver:
        return _result(_attempt(request, attempt_id))
    except NoSuchItem as error:
        raise Http404 from error
    return refused or redirect("assessments:item", attempt.public_id, position)


@require_POST
@private
def save(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Autosave (docs/front-end.md). Members of the body other than item, seq, nonce and answer mean nothing."""
    attempt = get_object_or_404(Attempt.objects.visible_to(request.user), public_id=attempt_id)
    now = timezone.now()
    try:
        body = _save_body(request)
        response = services.save_response(attempt=attempt, at=now, **body)
    except NewerAnswer as error:
        return JsonResponse({"seq": error.version, "code": error.code, "detail": error.message}, status=409)
    except DomainError as error:
        return JsonResponse({"code": error.code, "detail": error.message}, status=error.status)
    saved_at = response.saved_at or now
    return JsonResponse(
        {
            "saved_at": saved_at.isoformat(),
            "saved_label": _clock(request, saved_at),
            "seq": response.version,
            "seconds_left": attempt.seconds_left(now),
        }
    )


def _save_body(request: HttpRequest) -> dict[str, Any]:
    body = guards.load_json(request.body, max_bytes=MAX_SAVE_BYTES)
    try:
        position, nonce = body["item"], UUID(body["nonce"])
        if not isinstance(position, str) or not position.isascii() or not position.isdigit() or len(position) > 4:
            raise ValueError(position)
        return {"position": int(position), "version": body["seq"], "nonce": nonce, "answer": body["answer"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnswerRefused("This is not a save: item, seq, nonce and answer are needed. Nothing was saved.") from error


@require_safe
@private
def review(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """All questions with their states, and the question whether to finish."""
    attempt = _attempt(request, attempt_id)
    if attempt.submitted_at is not None:
        return _result(attempt)
    return render(request, "assessments/review.html", _frame(request, attempt))


@require_POST
@private
def submit(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Hands the exam in, once; a repeat shows the result."""
    attempt = _attempt(request, attempt_id)
    if attempt.submitted_at is None:
        attempt = services.submit_attempt(attempt=attempt, at=timezone.now())
    return _result(attempt)


@require_safe
@private
def result(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Passed or not, by section, and what comes next."""
    attempt = _attempt(request, attempt_id)
    if attempt.submitted_at is None:
        messages.info(request, "This exam is still open.")
        return redirect("assessments:review", attempt.public_id)
    reviews = services.lessons_to_review(attempt)
    links = lessons.links_for(request, [review.iri for review in reviews])
    context = {
        "attempt": attempt,
        "assessment": attempt.assessment,
        "sections": services.section_results(attempt),
        "reviews": [(review, links.get(review.iri, "")) for review in reviews],
        "changes": attempt.regrade_changes.select_related("regrade").order_by("changed_at"),
        "state": services.state_for(attempt.assessment, _user(request), timezone.now()),
        "is_visible": Assessment.objects.visible_to(request.user).filter(pk=attempt.assessment_id).exists(),
    }
    return render(request, "assessments/result.html", context)


@require_safe
@login_required
def media(request: HttpRequest, ticket: str) -> HttpResponseBase:
    """A picture or a sound of a question, for the person whose page showed it; 404 for everybody else.

    Served inert: by its own type, never sniffed, in a sandbox (UP-10, UP-11). An answer cannot be told from it.
    """
    digest = digest_of(ticket, _user(request).pk)
    found = get_object_or_404(ItemMedia, digest=digest)
    return send_file(
        request,
        found.file,
        content_type=CONTENT_TYPES[found.extension],
        filename=f"question.{found.extension}",
        inline=True,
    )


@require_POST
@private
def check(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Answers a knowledge check: a fragment for htmx, a page of its own otherwise."""
    now = timezone.now()
    try:
        checked, shown, context = services.open_check(
            item_id=item_id, ticket=request.POST.get("ticket", ""), person=_user(request), at=now
        )
    except NoSuchItem as error:
        raise Http404 from error
    status = 200
    shown = replace(shown, question=refill(shown.question, request.POST))
    try:
        answer = read_answer(shown.question, request.POST)
        outcome = services.check_answer(
            item=checked,
            answer=answer,
            person=_user(request),
            membership=membership_of(request),
            at=now,
            context=context,
        )
        shown = replace(shown, result=outcome)
    except DomainError as error:
        shown, status = replace(shown, problem=error.message), error.status
    is_fragment = getattr(request, "htmx", False)
    template = "assessments/_check.html" if is_fragment else "assessments/check.html"
    return render(request, template, {"check": shown}, status=200 if is_fragment else status)
