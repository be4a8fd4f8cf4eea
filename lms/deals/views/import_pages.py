"""A file of deals: uploaded, its columns named, looked at, imported. For partners' managers and the channel roles."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.common import exports
from lms.common.errors import DomainError
from lms.deals import exporting, services
from lms.deals.countries import COUNTRIES
from lms.deals.forms import Choices, ColumnsForm, ImportForm
from lms.deals.models import DealImport, DealImportRow, RowOutcome
from lms.deals.models.imports import GOOD
from lms.partners.middleware import membership_of
from lms.partners.models import Partner

ROWS_IN_PAGE = 100
RECENT = 10
EXAMPLES = 3
SECONDS = 2
_TONES: dict[str, str] = {
    RowOutcome.NEW: "accent",
    RowOutcome.CREATED: "accent",
    RowOutcome.CONFLICT: "warn",
    RowOutcome.DUPLICATE: "neutral",
    RowOutcome.REFUSED: "danger",
}


@login_required
def imports(request: HttpRequest) -> HttpResponse:
    """A form for a file, what it has to look like, and the person's last ones."""
    person, membership = person_of(request), membership_of(request)
    partner = membership.partner if membership is not None else None
    if not person.has_perm("deals.import_deals", partner):
        raise PermissionDenied
    partners = Partner.objects.visible_to(person).order_by("name") if partner is None else None
    is_sent = request.method == "POST"
    form = ImportForm(request.POST if is_sent else None, request.FILES if is_sent else None, partners=partners)
    status = 200
    if is_sent and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > services.BOUNDS.max_bytes:
                raise services.BadFile("The file has more than 2 MB. Split it.")
            made = services.ask_import(
                partner=form.cleaned_data.get("partner", partner),
                data=file.read(),
                name=file.name,
                by=person,
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error("file", error.message)
            status = error.status
        else:
            return redirect("deals:import_columns", made.public_id)
    recent = DealImport.objects.visible_to(person).select_related("partner").order_by("-asked_at")[:RECENT]
    context = {"form": form, "partner": partner, "recent": recent, "headings": exporting.HEADINGS}
    return render(request, "deals/imports.html", context, status=status)


def _job_of(request: HttpRequest, import_id: UUID) -> DealImport:
    """The person's own (404), while he may import for its partner (403)."""
    found = get_object_or_404(
        DealImport.objects.visible_to(request.user).select_related("partner", "asked_by"), public_id=import_id
    )
    if not request.user.has_perm("deals.import_deals", found.partner):
        raise PermissionDenied
    return found


@login_required
def columns(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Which column is which: guessed by the headings, with the first rows to see."""
    found = _job_of(request, import_id)
    if found.confirmed_at is not None:
        return redirect("deals:import", import_id)
    first = [row.cells for row in found.rows.order_by("number")[:EXAMPLES]]
    form = ColumnsForm(
        request.POST if request.method == "POST" else None,
        fields=services.fields_of(found),
        headings=found.headings,
        example=first[0],
        same=_same_for_all(request, found),
        initial=found.mapping,
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.map_columns(deal_import=found, mapping=form.cleaned_data, by=person_of(request), at=timezone.now())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            return redirect("deals:import", import_id)
    shown = [
        {"heading": heading, "cells": [row[place] for row in first]} for place, heading in enumerate(found.headings)
    ]
    context = {"job": found, "form": form, "columns": shown, "crumbs": _crumbs()}
    return render(request, "deals/import_columns.html", context, status=status)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": "Import deals", "url": reverse("deals:imports")}]


def _same_for_all(request: HttpRequest, found: DealImport) -> dict[str, Choices]:
    """What may be chosen for all rows together."""
    same: dict[str, Choices] = {"customer_country": sorted(COUNTRIES.items(), key=lambda entry: entry[1])}
    try:
        rules = services.rules_in_force(at=timezone.now()).rules
    except services.NoRulesInForce:
        return same
    same["product"] = [(one.id, one.name) for one in rules.products]
    same["currency"] = [(one, one) for one in rules.currencies]
    if found.partner is None:
        same["partner"] = list(Partner.objects.visible_to(request.user).order_by("name").values_list("slug", "name"))
    return same


@login_required
def job(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """How far the file is, and every row's outcome; asks itself again while it runs. A button imports the good rows."""
    found = _job_of(request, import_id)
    if request.method == "POST":
        try:
            services.confirm_import(deal_import=found, by=person_of(request), at=timezone.now())
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("deals:import", import_id)
    if not found.round:
        return redirect("deals:import_columns", import_id)
    counts = services.counts_of(found)
    wanted = request.GET.get("show", "")
    wanted = wanted if wanted in RowOutcome.values else ""
    rows = found.rows.select_related("deal").order_by("number")
    page = Paginator(rows.filter(outcome=wanted) if wanted else rows, ROWS_IN_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "job": found,
        "page": page,
        "rows": [_shown(found, row) for row in page],
        "good": sum(counts[one] for one in GOOD),
        "left": counts["refused"] + counts["duplicate"],
        "counts": counts,
        "chips": _chips(counts, wanted),
        "newer": f"?show={wanted}&page={page.previous_page_number()}" if page.has_previous() else "",
        "older": f"?show={wanted}&page={page.next_page_number()}" if page.has_next() else "",
        "crumbs": _crumbs(),
    }
    response = render(request, "deals/import.html", context)
    if found.is_running:
        response["Refresh"] = str(SECONDS)
    return response


def _shown(found: DealImport, row: DealImportRow) -> dict[str, Any]:
    """A row with the name of its customer, as it is written there."""
    name = services.values_of(row.cells, found.mapping).get("customer_name", "")[:150]
    return {"row": row, "name": name, "tone": _TONES.get(row.outcome, "neutral")}


def _chips(counts: dict[str, int], wanted: str) -> list[dict[str, Any]]:
    shown = [{"label": f"All {sum(counts.values())}", "url": "?", "is_current": not wanted}]
    for value, label in RowOutcome.choices:
        if counts[value]:
            shown.append({"label": f"{label}: {counts[value]}", "url": f"?show={value}", "is_current": wanted == value})
    return shown


@login_required
@require_POST
def discard(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Forgets the file: nothing of it is imported."""
    found = _job_of(request, import_id)
    try:
        services.discard_import(deal_import=found, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("deals:import", import_id)
    messages.success(request, f"{found.name} is forgotten. Nothing of it was imported.")
    return redirect("deals:imports")


@require_safe
@login_required
def left_out(request: HttpRequest, import_id: UUID) -> HttpResponseBase:
    """The rows that became no deal, as they came and with the reason: to be mended and sent again."""
    found = _job_of(request, import_id)
    rows = exporting.left_out(found)
    response = StreamingHttpResponse(exports.csv_lines(rows), content_type=exports.CSV)
    response["Content-Disposition"] = 'attachment; filename="rows-left-out.csv"'
    return response
