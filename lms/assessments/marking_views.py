"""Marking in the Wagtail admin: an answer is taken, read without a name beside it, and marked with its rubric.

No page here says whose answer it is, nor, before a decision is asked for, what somebody else gave.
"""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.assessments import items, services
from lms.assessments.bank_views import needs
from lms.assessments.formats import handed_in
from lms.assessments.forms.marking import MarkForm
from lms.assessments.items.written import Criterion, count_words
from lms.assessments.media import addresses_for
from lms.assessments.models import AnswerFile, Mark, Response
from lms.common.errors import DomainError
from lms.common.files import send_file

MARK = "assessments.mark_answers"


@needs(MARK)
def queue(request: HttpRequest) -> HttpResponse:
    """What waits, exam by exam; the next answer is taken by a button. Nothing of the answers is shown here."""
    person, now = person_of(request), timezone.now()
    if request.method == "POST":
        exam = request.POST.get("exam", "")
        try:
            taken = services.take_answer(
                grader=person, at=now, assessment_id=int(exam) if exam.isdecimal() and len(exam) < 10 else None
            )
        except DomainError as error:
            messages.info(request, error.message)
            return redirect("marking:index")
        return redirect("marking:mark", taken.pk)
    waiting = services.answers_for(person, now).order_by()
    free = dict(waiting.values_list("pk", "given"))  # type: ignore[misc]
    exams = Response.objects.filter(pk__in=free).values("attempt__assessment", "attempt__assessment__title")
    context = {
        "exams": exams.annotate(count=Count("pk")).order_by("attempt__assessment__title"),
        "decisions": sum(given == Mark.SECOND for given in free.values()),
        "in_hand": _mine(request).taken().order_by("taken_at"),
        "done": _mine(request).given().count(),
        "kept_days": services.KEPT_FOR.days,
        "page_title": "Marking",
        "header_icon": "edit",
    }
    return render(request, "assessments/admin/marking.html", context)


def _mine(request: HttpRequest) -> Any:
    return Mark.objects.filter(grader=person_of(request))


def _taken(request: HttpRequest, mark_id: int) -> Mark:
    """A mark of the person's own; 404 for everybody else's."""
    marks = _mine(request).select_related("response__item_version", "response__attempt")
    found: Mark = get_object_or_404(marks, pk=mark_id)
    return found


@needs(MARK)
def mark(request: HttpRequest, mark_id: int) -> HttpResponse:
    """One answer with its rubric; afterwards what one gave, to look at."""
    found = _taken(request, mark_id)
    rubric = services.rubric_of(found.response)
    form = MarkForm(request.POST or None, criteria=rubric.criteria, mark=found)
    if request.method == "POST" and form.is_valid():
        try:
            services.give_marks(mark=found, given=form.given(), comment=form.cleaned_data["comment"], at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Your marks are kept.")
            return redirect("marking:index")
    address = addresses_for(person_of(request).pk)
    context = _shown(found) | {
        "form": form,
        "criteria": [
            (items.safe_html(one.text, address), form[f"points-{one.id}"], form[f"comment-{one.id}"])
            for one in rubric.criteria
        ],
        "notes": items.safe_html(rubric.notes, address),
        "earlier": [_told(one, rubric.criteria) for one in _before(found)],
        "page_title": f"Answer {found.response_id}",
        "header_icon": "edit",
    }
    return render(request, "assessments/admin/mark.html", context)


def _shown(found: Mark) -> dict[str, Any]:
    response = found.response
    question = response.question
    is_text = question.answer_type == "text"
    return {
        "mark": found,
        "question": question,
        "file": services.file_of(response),
        "text": question.value if is_text else "",
        "words": count_words(question.value) if is_text else 0,
        "is_pilot": response.is_pilot,
    }


def _before(found: Mark) -> list[Mark]:
    """The two marks that a decision is about; none for anybody else."""
    if not found.is_decision:
        return []
    return list(Mark.objects.filter(response=found.response_id).exclude(pk=found.pk).given().order_by("place"))


def _told(one: Mark, criteria: tuple[Criterion, ...]) -> dict[str, Any]:
    given = {score["criterion"]: score for score in one.scores}
    rows = [(Decimal(given[name.id]["points"]), given[name.id]["comment"]) for name in criteria]
    return {"points": one.points, "rows": rows, "comment": one.comment}


@require_safe
@needs(MARK)
def file(request: HttpRequest, mark_id: int) -> HttpResponseBase:
    """The file that was handed in, under a name of ours: the candidate's own may tell who he is.

    Pictures are shown, in a sandbox; all else is kept by the browser and not run.
    """
    found = _taken(request, mark_id)
    handed: AnswerFile | None = services.file_of(found.response)
    if handed is None:
        raise Http404
    return send_file(
        request,
        handed.file,
        content_type=handed_in.CONTENT_TYPES.get(handed.extension, handed_in.ANY_TYPE),
        filename=f"answer-{found.response_id}.{handed.extension}",
        inline=handed.extension in handed_in.PICTURES,
    )


@require_POST
@needs(MARK)
def back(request: HttpRequest, mark_id: int) -> HttpResponse:
    """Lays an answer back for others."""
    services.give_back(mark=_taken(request, mark_id))
    messages.info(request, "The answer went back to the others.")
    return redirect("marking:index")
