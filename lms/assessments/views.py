"""The exam as the candidate sees it: one question per page, works without JavaScript; and the knowledge check.

No page of an attempt is ever stored by a browser or a cache, and none tells whether an answer is right.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.errors import (
    AttemptOver,
    MustWait,
    NewerAnswer,
    NoSuchItem,
    NotSafeBrowser,
    OutsideNetwork,
    QuestionClosed,
)
from lms.assessments.formats.media import CONTENT_TYPES
from lms.assessments.forms import SaveForm, read_answer, refill
from lms.assessments.frames import frame
from lms.assessments.items import MARKED, AnswerRefused, Question
from lms.assessments.media import digest_of
from lms.assessments.models import Accommodation, Assessment, Attempt, ItemMedia, Response
from lms.assessments.models.settings import words_of
from lms.assessments.posting import store_posted
from lms.assessments.sitting_views import closing, may_review, taken
from lms.assessments.visits import own_attempt, private, refused, result_of, sitting, suspension, visit_of
from lms.common import guards, lessons
from lms.common.errors import DomainError
from lms.common.files import send_file
from lms.partners.middleware import judges_membership, membership_of, refuse_suspended

MAX_SAVE_BYTES = 130_000  # the longest essay, in any script
SAVED_HERE = "Saved {}"


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  narrows the type: `private` let nobody else pass
    return request.user


@require_http_methods(["GET", "HEAD", "POST"])
@private
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Rules and state of an exam; starting it, or going on with the attempt that is open."""
    assessment = get_object_or_404(Assessment.objects.visible_to(request.user), slug=slug)
    person, now = _user(request), timezone.now()
    problem, status = "", 200
    entry = services.Entry(
        access_code=request.POST.get("access_code", "")[:100],
        has_agreed=request.POST.get("agree") == "1",
        visit=visit_of(request, assessment),
    )
    if request.method == "POST":
        try:
            attempt = services.start_attempt(
                assessment=assessment, person=person, membership=membership_of(request), at=now, entry=entry
            )
        except MustWait:
            status = 409  # the page says until when
        except (OutsideNetwork, NotSafeBrowser) as error:
            return refused(request, assessment, error)
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
        "has_section_limits": any(section.time_limit_minutes for section in sections),
        "granted": Accommodation.objects.in_force(assessment, person.pk).first(),
        "waits": words_of(assessment.later_wait_hours),
        "has_agreed": entry.has_agreed,
        "attempts_used": assessment.attempts_allowed - state.attempts_left,
        "first_open": _first_open(state.attempt) if state.state == services.State.OPEN and state.attempt else 1,
        "problem": problem,
    }
    return render(request, "assessments/start.html", context, status=status)


def _first_open(attempt: Attempt) -> int:
    """The first question that is open and not answered; the first open one when all are."""
    allowed = services.open_positions(attempt, timezone.now())
    rows = attempt.responses.filter(answer__isnull=True, position__gte=allowed.start, position__lt=allowed.stop)
    first: int | None = rows.order_by("position").values_list("position", flat=True).first()
    return first or allowed.start or 1


@require_http_methods(["GET", "HEAD", "POST"])
@private
@sitting
def item(request: HttpRequest, attempt: Attempt, position: int) -> HttpResponse:
    """One question. Posting saves the answer and goes where the pressed button says."""
    allowed = services.open_positions(attempt, timezone.now())
    if position not in allowed:
        if request.POST.get("nonce"):
            messages.warning(request, "That question is not open any more; the answer you sent last was not taken.")
        return _to(attempt, allowed.start, allowed)
    if request.method == "POST":
        refusal = _save_form(request, attempt, position)
        return refusal or _go(attempt, position, request.POST.get("go", ""))
    return _item_page(request, attempt, position)


def _go(attempt: Attempt, position: int, where: str) -> HttpResponse:
    if where.startswith("hint-"):
        with suppress(DomainError):  # what is over meanwhile says so itself on the page that comes
            services.show_hint(response=_response(attempt, position), number=_hint(where), at=timezone.now())
        return redirect("assessments:item", attempt.public_id, position)
    if where == "next" and attempt.loaded_rules.is_linear:
        services.pass_question(attempt=attempt, position=position)
    step = {"previous": -1, "next": 1, "stay": 0, "remove": 0}.get(where)
    if step is None:
        return redirect("assessments:review", attempt.public_id)
    return _to(attempt, position + step, services.open_positions(attempt, timezone.now()))


def _hint(text: str) -> int:
    """The number of a hint as a button or a field tells it; 0 for anything else."""
    number = text.removeprefix("hint-")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0


def _to(attempt: Attempt, position: int, allowed: range) -> HttpResponse:
    """On to a question if it is there and open; else to the overview."""
    if position in allowed and attempt.responses.filter(position=position).exists():
        return redirect("assessments:item", attempt.public_id, position)
    return redirect("assessments:review", attempt.public_id)


def _save_form(request: HttpRequest, attempt: Attempt, position: int) -> HttpResponse | None:
    """Saves what a form brought. Returns the page that says why it was not saved, or None."""
    version, nonce = SaveForm(request.POST).values()
    if nonce is None:
        return None  # autosave has brought it already
    try:
        response = _response(attempt, position)
        question = response.question
        store_posted(request, response, question, version=version, nonce=nonce)
    except AttemptOver:
        return result_of(attempt)
    except QuestionClosed as error:  # its section ended in this very moment
        messages.warning(request, error.message)
        return redirect("assessments:item", attempt.public_id, position)
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
        **frame(request, attempt, position),
        "response": response,
        "question": question or response.question,
        "nonce": uuid4(),
        "next_seq": response.version + 1,
        "confidences": Response.Confidence.choices,
        "saved": SAVED_HERE.format(_clock(request, response.saved_at)) if response.saved_at else "",
        "problem": problem,
        "answer_file": services.file_of(response),
        "hints": services.hints_of(response),
    }
    return render(request, "assessments/item.html", context, status=status)


def _clock(request: HttpRequest, at: Any) -> str:
    """ "10:42" where the person is."""
    return f"{at.astimezone(ZoneInfo(_user(request).time_zone)):%H:%M}"


@require_POST
@private
@sitting
def flag(request: HttpRequest, attempt: Attempt, position: int) -> HttpResponse:
    """Sets or removes the flag of a question, keeps the answer that was on the page, and stays there."""
    allowed = services.open_positions(attempt, timezone.now())
    if position not in allowed:
        return _to(attempt, allowed.start, allowed)
    refusal = _save_form(request, attempt, position)
    try:
        services.flag_response(
            attempt=attempt, position=position, is_flagged=request.POST.get("flag") == "1", at=timezone.now()
        )
    except AttemptOver:
        return result_of(attempt)
    except NoSuchItem as error:
        raise Http404 from error
    return refusal or redirect("assessments:item", attempt.public_id, position)


@require_POST
@private
@judges_membership
def save(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Autosave (docs/front-end.md). Members of the body that it does not name mean nothing.

    Four queries with those of the session and the person: the membership that counts is the attempt's own.
    """
    now = timezone.now()
    try:
        position, told = _save_body(request)
        response = services.find_response(person_id=_user(request).pk, attempt_id=attempt_id, position=position)
        attempt = response.attempt
        if suspension(request, attempt):
            return JsonResponse({"code": "partner_suspended", "detail": "Your partner is suspended."}, status=403)
        visit = visit_of(request, attempt.assessment)
        services.check_place(attempt.assessment, visit)
        services.note_visit(attempt=attempt, visit=visit, at=now)
        response = services.store_answer(response=response, save=told, at=now)
    except NewerAnswer as error:
        return JsonResponse({"seq": error.version, "code": error.code, "detail": error.message}, status=409)
    except DomainError as error:
        return JsonResponse({"code": error.code, "detail": error.message}, status=error.status)
    saved_at = response.saved_at or now
    body = {
        "saved_at": saved_at.isoformat(),
        "saved_label": _clock(request, saved_at),
        "seq": response.version,
        "seconds_left": attempt.seconds_left(now),
    }
    if clock := services.section_clock(attempt, now):
        body["section_seconds_left"] = clock.seconds_left(now)
    if response.is_late:
        body["is_late"] = True
    return JsonResponse(body)


def _save_body(request: HttpRequest) -> tuple[int, services.Save]:
    """The position and the save that a body tells. Raises UnsafeInput, AnswerRefused."""
    body = guards.load_json(request.body, max_bytes=MAX_SAVE_BYTES)
    try:
        position, nonce = body["item"], UUID(body["nonce"])
        if not isinstance(position, str) or not position.isascii() or not position.isdigit() or len(position) > 4:
            raise ValueError(position)
        told = services.Save(
            answer=body["answer"],
            version=body["seq"],
            nonce=nonce,
            confidence=str(body.get("confidence", "")),
            is_queued=body.get("queued") is True,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AnswerRefused("This is not a save: item, seq, nonce and answer are needed. Nothing was saved.") from error
    return int(position), told


@require_safe
@private
@sitting
def review(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """All questions with their states, and the question whether to finish the exam, or the section that is open."""
    has_marked = attempt.responses.filter(item_version__type__in=MARKED, answer__isnull=False).exists()
    return render(request, "assessments/review.html", frame(request, attempt) | {"has_marked": has_marked})


@require_POST
@private
def submit(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Hands the exam in, once; a repeat shows the result."""
    attempt = own_attempt(request, attempt_id)
    if attempt.submitted_at is None:
        if partner := suspension(request, attempt):
            return refuse_suspended(request, partner)
        attempt = services.submit_attempt(attempt=attempt, at=timezone.now())
    return result_of(attempt)


@require_safe
@private
def result(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Passed or not, by section, and what comes next; what was taken, also while the last answers may still come."""
    attempt, now = own_attempt(request, attempt_id), timezone.now()
    if attempt.submitted_at is None and not attempt.is_over(now):
        messages.info(request, "This exam is still open.")
        return redirect("assessments:review", attempt.public_id)
    if attempt.submitted_at is None:
        return closing(request, attempt, now)
    context = {
        "attempt": attempt,
        "assessment": attempt.assessment,
        "taken": taken(attempt),
        "shows_answers": may_review(attempt, now),
        **(_report(request, attempt) if attempt.is_result_known else {}),
        "state": services.state_for(attempt.assessment, _user(request), timezone.now()),
        "is_visible": Assessment.objects.visible_to(request.user).filter(pk=attempt.assessment_id).exists(),
    }
    return render(request, "assessments/result.html", context)


def _report(request: HttpRequest, attempt: Attempt) -> dict[str, Any]:
    """What the candidate is told of a known result: points by section, what to go over, what was marked again."""
    reviews = services.lessons_to_review(attempt)
    links = lessons.links_for(request, [review.iri for review in reviews])
    changes = attempt.regrade_changes.select_related("regrade").order_by("changed_at")
    told = changes if attempt.released_at is None else changes.filter(changed_at__gt=attempt.released_at)
    return {
        "sections": services.section_results(attempt),
        "reviews": [(review, links.get(review.iri, "")) for review in reviews],
        "changes": told,
    }


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
    hint = request.POST.get("go", "")
    hints = services.check_hints(
        item=checked, person=_user(request), count=_hint(hint or request.POST.get("hints", ""))
    )
    shown = replace(shown, question=refill(shown.question, request.POST), hints=hints)
    try:
        if not hint:
            outcome = services.check_answer(
                item=checked,
                answer=read_answer(shown.question, request.POST),
                person=_user(request),
                membership=membership_of(request),
                at=now,
                context=context,
                hints=len(hints.shown),
            )
            shown = replace(shown, result=outcome)
    except DomainError as error:
        shown, status = replace(shown, problem=error.message), error.status
    is_fragment = getattr(request, "htmx", False)
    template = "assessments/_check.html" if is_fragment else "assessments/check.html"
    return render(request, template, {"check": shown}, status=200 if is_fragment else status)
