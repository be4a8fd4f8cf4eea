"""The exam editor in the Wagtail admin: settings and sections, preview, grants, papers, attempts and their timelines.

Every page asks for a named permission, and every change is audited by its service.
"""

from random import Random
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.models import AuditEntry, User
from lms.accounts.requests import person_of
from lms.assessments import items, services
from lms.assessments.bank_views import needs
from lms.assessments.errors import ExamInvalid
from lms.assessments.forms.exams import DocumentForm, ExamForm, GrantForm, SectionRows, section_rows
from lms.assessments.media import addresses_for
from lms.assessments.models import Accommodation, Assessment, Attempt, AttemptEvent, ReferenceDocument, Response
from lms.assessments.services.draw import choose
from lms.common.errors import DomainError

EDIT = "assessments.change_assessment"
WATCH = "assessments.view_timelines"
GRANT = "assessments.grant_accommodation"
PER_PAGE = 50
# What a browser told that is worth a look; coming back belongs to having left.
NOTICED = [
    *(kind for kind in AttemptEvent.BY_BROWSER if kind not in {"focus_back", "reconnected"}),
    AttemptEvent.Kind.NETWORK_CHANGED,
    AttemptEvent.Kind.AGENT_CHANGED,
]
QUICK_SECONDS = 5  # for one question, on average: worth a look by a person


@needs("assessments.add_assessment")
def add(request: HttpRequest) -> HttpResponse:
    """A new exam."""
    return _edit(request, Assessment(), "New exam")


@needs(EDIT)
def edit(request: HttpRequest, pk: str) -> HttpResponse:
    assessment = get_object_or_404(Assessment, pk=pk)
    return _edit(request, assessment, assessment.title)


def _edit(request: HttpRequest, assessment: Assessment, title: str) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form, rows = ExamForm(data, instance=assessment), section_rows(assessment, data)
    if data is not None and all([form.is_valid(), rows.is_valid()]) and _save(request, form, rows):
        messages.success(request, f"{form.instance.title} was saved.")
        return redirect("exams:edit" if "add_rows" in data else "exams:inspect", form.instance.pk)
    running = Attempt.objects.open().filter(assessment=assessment.pk).count() if assessment.pk else 0
    context = {"form": form, "rows": rows, "running": running, "page_title": title, "header_icon": "tasks"}
    return render(request, "assessments/admin/exam_edit.html", context)


def _save(request: HttpRequest, form: ExamForm, rows: SectionRows) -> bool:
    data = form.cleaned_data
    try:
        services.save_exam(
            assessment=form.save(commit=False),
            sections=rows.drafts(),
            personas=list(data["personas"]),
            access_code=data["access_code"],
            proctor_secret=data["proctor_secret"] or (None if data["proctor_url"] else ""),
            by=person_of(request),
            at=timezone.now(),
        )
    except ExamInvalid as error:
        form.add_error(error.field or None, error.message)
        return False
    return True


def overview(assessment: Assessment, user: User) -> dict[str, Any]:
    """What the page of an exam shows beside its settings."""
    trail = AuditEntry.objects.filter(object_type="assessments.assessment", object_id=str(assessment.public_id))
    held = Attempt.objects.filter(assessment=assessment, held_at__isnull=False, released_at=None)
    return {
        "sections": assessment.sections.select_related("bank").order_by("position"),
        "documents": assessment.documents.order_by("title"),
        "document_form": DocumentForm(),
        "trail": trail.select_related("actor").order_by("-at")[:20],
        "attempt_count": Attempt.objects.filter(assessment=assessment).count(),
        "held_count": held.count() if assessment.is_result_held else 0,
        "can_edit": user.has_perm(EDIT),
        "can_watch": user.has_perm(WATCH),
    }


@require_safe
@needs(EDIT)
def preview(request: HttpRequest, pk: str) -> HttpResponse:
    """One form, drawn anew, as a candidate would get it. Nothing is kept, no key is in the page."""
    assessment = get_object_or_404(Assessment, pk=pk)
    problem, questions = "", []
    try:
        sections = list(assessment.sections.order_by("position"))
        drawn = choose(assessment, sections, Random()).responses  # noqa: S311  nothing depends on it
        address = addresses_for(person_of(request).pk)
        questions = [_previewed(response, address) for response in drawn]
    except DomainError as error:
        problem = error.message
    context = {"assessment": assessment, "questions": questions, "problem": problem}
    return render(request, "assessments/admin/exam_preview.html", context)


def _previewed(response: Response, address: Any) -> dict[str, Any]:
    version = response.item_version
    question = items.present(version.kind, version.loaded_content, response.loaded_shown, address=address)
    place = response.position
    return {"response": response, "question": question, "stem_id": f"stem-{place}", "field_id": f"answer-{place}"}


@require_POST
@needs(EDIT)
def release(request: HttpRequest, pk: str) -> HttpResponse:
    assessment = get_object_or_404(Assessment, pk=pk)
    count = services.release_results(assessment=assessment, by=person_of(request), at=timezone.now())
    messages.success(request, f"The results of {count} attempts are released; candidates are told now.")
    return redirect("exams:inspect", pk)


@require_POST
@needs(EDIT)
def documents(request: HttpRequest, pk: str) -> HttpResponse:
    """Adds a paper, or takes one away."""
    assessment = get_object_or_404(Assessment, pk=pk)
    person, now = person_of(request), timezone.now()
    if "remove" in request.POST:
        papers = ReferenceDocument.objects.filter(assessment=assessment)
        document = get_object_or_404(papers, pk=request.POST["remove"] if request.POST["remove"].isdigit() else 0)
        services.remove_document(document=document, by=person, at=now)
        return redirect("exams:inspect", pk)
    form = DocumentForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "Name the document and choose its file.")
        return redirect("exams:inspect", pk)
    data = form.cleaned_data
    try:
        services.add_document(assessment=assessment, title=data["title"], data=data["file"].read(), by=person, at=now)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("exams:inspect", pk)


@needs(GRANT)
def grants(request: HttpRequest) -> HttpResponse:
    """Extra time, breaks and larger letters: who has them, a form for the next, and their end."""
    person, now = person_of(request), timezone.now()
    if "end" in request.POST:
        pk = request.POST["end"]
        found = get_object_or_404(Accommodation, pk=pk if pk.isdigit() else 0)
        services.end_accommodation(accommodation=found, by=person, at=now)
        return redirect("exam_grants:index")
    form = GrantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.grant_accommodation(accommodation=form.save(commit=False), by=person, at=now)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"Granted to {made.person}, for attempts that start from now on.")
            return redirect("exam_grants:index")
    rows = Accommodation.objects.filter(ended_at=None).select_related("person", "assessment", "granted_by")
    page = Paginator(rows.order_by("person__name", "pk"), PER_PAGE).get_page(request.GET.get("p"))
    context = {"form": form, "page": page, "page_title": "Accommodations", "header_icon": "user"}
    return render(request, "assessments/admin/grants.html", context)


@require_safe
@needs(WATCH)
def attempts(request: HttpRequest, pk: str) -> HttpResponse:
    """The attempts of an exam, newest first, with what a person may want to look at."""
    assessment = get_object_or_404(Assessment, pk=pk)
    rows = Attempt.objects.filter(assessment=assessment).select_related("person", "membership__partner")
    page = Paginator(rows.order_by("-started_at", "-pk"), PER_PAGE).get_page(request.GET.get("p"))
    context = {
        "assessment": assessment,
        "page": page,
        "listed": _noticed(list(page)),
        "page_title": assessment.title,
        "header_icon": "tasks",
    }
    return render(request, "assessments/admin/attempts.html", context)


def _noticed(listed: list[Attempt]) -> list[dict[str, Any]]:
    """Attempts with what a person may want to look at. Two queries."""
    found = {one.pk: one for one in listed}
    told = AttemptEvent.objects.filter(attempt__in=found, kind__in=NOTICED).values_list("attempt")
    events = dict(told.annotate(count=Count("pk")))
    counts = Response.objects.filter(attempt__in=found).values_list("attempt")
    responses = {
        pk: (questions, late)
        for pk, questions, late in counts.annotate(questions=Count("pk"), late=Count("pk", filter=Q(is_late=True)))
    }
    rows = []
    for one in listed:
        questions, late = responses.get(one.pk, (0, 0))
        rows.append(
            {"attempt": one, "events": events.get(one.pk, 0), "late": late, "is_quick": is_quick(one, questions)}
        )
    return rows


def is_quick(attempt: Attempt, questions: int) -> bool:
    """Handed in so fast that so many questions can hardly have been read."""
    if attempt.submitted_at is None:
        return False
    return (attempt.submitted_at - attempt.started_at).total_seconds() < QUICK_SECONDS * questions


@require_safe
@needs(WATCH)
def timeline(request: HttpRequest, attempt_id: int) -> HttpResponse:
    """What happened in one attempt, in its order, and whether the record is whole. No answers, no verdict."""
    rows = Attempt.objects.select_related("assessment", "person", "membership__partner")
    attempt = get_object_or_404(rows, pk=attempt_id)
    questions = attempt.responses.count()
    events = list(attempt.events.order_by("number"))
    context = {
        "attempt": attempt,
        "events": events,
        "broken": services.broken_event(events),
        "late": attempt.responses.filter(is_late=True).order_by("position"),
        "hinted": attempt.responses.filter(hints_shown__gt=0).order_by("position"),
        "questions": questions,
        "is_quick": is_quick(attempt, questions),
        "page_title": str(attempt),
        "header_icon": "tasks",
    }
    return render(request, "assessments/admin/timeline.html", context)
