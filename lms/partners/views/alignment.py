"""The alignment checklist of a partner."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.partners import services
from lms.partners.alignment import STALE_WORDS, Verdict, current_questions
from lms.partners.forms import AlignmentForm
from lms.partners.models import AlignmentAnswer, Partner
from lms.partners.rules import side_of
from lms.partners.views.contacts import partner_of

HISTORY_SHOWN = 30


@require_safe
@login_required
def alignment(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Every question with both answers, the flagged ones first, and one's own form."""
    return _page(request, partner_of(request, partner_id, "partners.view_alignment"))


def _page(
    request: HttpRequest, partner: Partner, *, refused: tuple[str, AlignmentForm] | None = None, status: int = 200
) -> HttpResponse:
    rows = services.alignment_rows(partner, timezone.now())
    side = None if partner.suspended_at is not None else side_of(person_of(request), partner)
    forms: dict[str, AlignmentForm] = {}
    if side is not None:
        forms = {row.question.slug: _form_for(row, side) for row in rows}
        forms |= dict([refused] if refused else [])
    earlier = AlignmentAnswer.objects.filter(partner=partner, replaced_at__isnull=False)
    page = {
        "partner": partner,
        "rows": [{"row": row, "form": forms.get(row.question.slug)} for row in rows],
        "flag_count": sum(row.flag is not None for row in rows),
        "open_count": sum(row.is_open for row in rows),
        "is_aligned": all(row.is_aligned for row in rows),
        "earlier": earlier.select_related("answered_by").order_by("-answered_at", "-pk")[:HISTORY_SHOWN],
        "stale_words": STALE_WORDS,
    }
    return render(request, "partners/alignment.html", page, status=status)


def _form_for(row: services.AlignmentRow, side: str) -> AlignmentForm:
    """Filled with what the side said last; ids differ, for there is one form per question."""
    mine = next(one.answer for one in row.given if one.side == side)
    said = {} if mine is None else {"verdict": mine.verdict, "sentence": mine.sentence}
    return AlignmentForm(initial={"version": row.question.version, **said}, auto_id=f"{row.question.slug}-%s")


@login_required
@require_POST
def answer(request: HttpRequest, partner_id: UUID, question: str) -> HttpResponse:
    """Keeps one's own side's answer to a question."""
    partner = partner_of(request, partner_id, "partners.view_alignment")
    if question not in current_questions():
        raise Http404
    form = AlignmentForm(request.POST, auto_id=f"{question}-%s")
    if not form.is_valid():
        return _page(request, partner, refused=(question, form), status=400)
    words = form.cleaned_data
    try:
        services.answer_alignment(
            partner=partner,
            question=question,
            version=words["version"],
            verdict=Verdict(words["verdict"]),
            sentence=words["sentence"],
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Your answer on {current_questions()[question].topic.lower()} is saved.")
    return redirect(f"{reverse('partners:alignment', args=[partner.public_id])}#{question}")
