"""Question files into banks, in the Wagtail admin: looked at first, then imported; large ones in the background."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from lms.accounts.requests import person_of
from lms.assessments import services
from lms.assessments.bank_views import needs
from lms.assessments.forms import ImportForm
from lms.assessments.models import ItemBank, ItemImport
from lms.common.errors import DomainError

IMPORT = "assessments.import_items"
MAX_AT_ONCE = 200_000  # bytes: what is larger may take longer than a request should, and would make a large page
ROWS_IN_PAGE = 500
SECONDS = 3


@needs(IMPORT)
def import_page(request: HttpRequest) -> HttpResponse:
    """A file is chosen, what would come of it is shown, and only then it is imported.

    Between the steps a small file travels in the page itself: nothing is kept on the server for somebody who goes away.
    A large one is kept, and looked at in the background.
    """
    is_confirmed = request.POST.get("step") == "confirm"
    form = ImportForm(request.POST or None, request.FILES or None, has_file=not is_confirmed)
    recent = ItemImport.objects.filter(asked_by=person_of(request)).select_related("bank").order_by("-asked_at")[:5]
    context: dict[str, Any] = {
        "form": form,
        "recent": recent,
        "page_title": "Import items",
        "header_icon": "upload",
    }
    if request.method == "POST" and form.is_valid():
        try:
            data = _carried(request) if is_confirmed else form.cleaned_data["file"].read()
            if not is_confirmed and len(data) > MAX_AT_ONCE:
                return _ask(request, form, data)
            context |= _import(request, form, data, is_confirmed)
        except DomainError as error:
            form.add_error(None, error.message)
    return render(request, "assessments/admin/import.html", context)


def _ask(request: HttpRequest, form: ImportForm, data: bytes) -> HttpResponse:
    told = form.cleaned_data
    job = services.ask_import(
        bank=told["bank"],
        bank_name=told["new_bank"].strip(),
        data=data,
        name=told["file"].name or "",
        by=person_of(request),
        at=timezone.now(),
    )
    return redirect("item_import:job", job.public_id)


def _carried(request: HttpRequest) -> bytes:
    """The file that was looked at, from the page."""
    try:
        return b64decode(request.POST.get("carried", ""), validate=True)
    except NotBase64:
        return b""


def _import(request: HttpRequest, form: ImportForm, data: bytes, is_confirmed: bool) -> dict[str, Any]:
    name = form.cleaned_data["new_bank"]
    bank = form.cleaned_data["bank"] or (services.get_or_create_bank(name) if is_confirmed else ItemBank(name=name))
    report = services.import_items(
        bank=bank, data=data, by=person_of(request), at=timezone.now(), dry_run=not is_confirmed
    )
    counts = report.counts
    if is_confirmed:
        messages.success(request, f"{counts['new'] + counts['new_version']} questions were imported into {bank}.")
    changed = counts["new"] + counts["new_version"]
    return {"report": report, "counts": counts, "changed": changed, "carried": b64encode(data).decode()}


@needs(IMPORT)
def job(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """How far a large file is, to whoever sent it; asks itself again while it runs. A button imports what was seen."""
    found = get_object_or_404(
        ItemImport.objects.select_related("bank"), public_id=import_id, asked_by=person_of(request)
    )
    if request.method == "POST":
        services.confirm_import(item_import=found, at=timezone.now())
        return redirect("item_import:job", import_id)
    report = services.report_of(found)
    counts = report.counts
    context = {
        "job": found,
        "report": report,
        "counts": counts,
        "changed": counts["new"] + counts["new_version"],
        "page": Paginator(report.rows, ROWS_IN_PAGE).get_page(request.GET.get("p")),
        "page_title": "Import items",
        "page_subtitle": found.name,
        "header_icon": "upload",
    }
    response = render(request, "assessments/admin/import_job.html", context)
    if found.is_running:
        response["Refresh"] = str(SECONDS)
    return response
