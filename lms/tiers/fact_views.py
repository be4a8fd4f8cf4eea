"""Pages on documents that partners hand in as evidence for their tier."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.common.files import send_file
from lms.partners.models import Partner
from lms.tiers import services
from lms.tiers.forms import EvidenceForm, JudgementForm
from lms.tiers.models import EvidenceDocument


def _partner(request: HttpRequest, partner_id: UUID) -> Partner:
    partner = get_object_or_404(Partner.objects.visible_to(person_of(request)), public_id=partner_id)
    if not request.user.has_perm("tiers.view_acts", partner):
        raise PermissionDenied
    return partner


def _crumbs(partner: Partner) -> list[dict[str, str]]:
    return [
        {"label": partner.name, "url": reverse("portal:partner", args=[partner.public_id])},
        {"label": "Evidence", "url": reverse("tiers:evidence", args=[partner.public_id])},
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def evidence(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """The partner's documents, those that wait first; its manager hands in another here."""
    partner = _partner(request, partner_id)
    may_hand_in = request.user.has_perm("tiers.hand_in_evidence", partner)
    is_posted = request.method == "POST"
    if is_posted and not may_hand_in:
        raise PermissionDenied
    kinds = services.evidence_kinds(at=timezone.now())
    form = EvidenceForm(request.POST if is_posted else None, request.FILES if is_posted else None, kinds=kinds)
    if is_posted and form.is_valid() and _handed_in(request, partner, form):
        messages.success(request, "It is handed in. Somebody of the vendor judges it, in writing.")
        return redirect("tiers:evidence", partner.public_id)
    found = EvidenceDocument.objects.visible_to(request.user).filter(partner=partner)
    words = dict(kinds)
    context = {
        "partner": partner,
        "documents": [
            (document, words.get(document.kind, document.kind.replace("_", " ").capitalize()))
            for document in found.order_by(F("judged_at").desc(nulls_first=True), "-handed_in_at", "-pk")
        ],
        "form": form if may_hand_in and kinds else None,
        "today": timezone.now().date(),
        "crumbs": _crumbs(partner)[:1],
    }
    return render(request, "tiers/evidence.html", context, status=400 if form.errors else 200)


def _handed_in(request: HttpRequest, partner: Partner, form: EvidenceForm) -> bool:
    """Whether the service took it; a refusal stands in the form."""
    cleaned = form.cleaned_data
    file = cleaned["file"]
    try:
        services.hand_in_evidence(
            partner=partner,
            kind=cleaned["kind"],
            title=cleaned["title"],
            valid_until=cleaned["valid_until"],
            file=file.read(services.MAX_EVIDENCE_BYTES + 1),
            file_name=file.name,
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    return True


def _document(request: HttpRequest, partner_id: UUID, document_id: UUID) -> EvidenceDocument:
    partner = _partner(request, partner_id)
    found = EvidenceDocument.objects.visible_to(request.user).filter(partner=partner)
    return get_object_or_404(found.select_related("partner", "handed_in_by", "judged_by"), public_id=document_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def evidence_document(request: HttpRequest, partner_id: UUID, document_id: UUID) -> HttpResponse:
    """One document; who may judge it finds the form here while it waits."""
    found = _document(request, partner_id, document_id)
    may_judge = request.user.has_perm("tiers.judge_evidence", found)
    form = JudgementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not may_judge:
            raise PermissionDenied
        if form.is_valid():
            try:
                services.judge_evidence(document=found, **form.cleaned_data, by=person_of(request), at=timezone.now())
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "It is judged, and the partner is evaluated again.")
                return redirect("tiers:evidence_document", partner_id, document_id)
    kind = dict(services.evidence_kinds(at=timezone.now())).get(found.kind, found.kind.replace("_", " ").capitalize())
    context = {
        "partner": found.partner,
        "document": found,
        "kind": kind,
        "form": form if may_judge and found.judged_at is None else None,
        "crumbs": _crumbs(found.partner),
    }
    return render(request, "tiers/evidence_document.html", context, status=400 if form.errors else 200)


@require_safe
@login_required
def evidence_file(request: HttpRequest, partner_id: UUID, document_id: UUID) -> HttpResponseBase:
    """The document itself: to download, for those who see it."""
    found = _document(request, partner_id, document_id)
    return send_file(
        request, found.file, content_type="application/octet-stream", filename=found.file_name, inline=False
    )
