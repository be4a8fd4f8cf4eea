"""Where channel marketing puts a partner's zones on a master: numbers, and a page with an example on it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from certifications import limits
from lms.accounts.requests import person_of
from lms.assets.branding.template import Size
from lms.assets.branding_forms import SheetForm, ZoneFormSet, initial_zone
from lms.assets.branding_views import busy_or, in_words, with_retry
from lms.assets.models import Asset, AssetVersion
from lms.assets.services import branding
from lms.common.errors import DomainError


def _version(request: HttpRequest, asset_id: UUID) -> AssetVersion:
    """The file in use (404: none, or none that zones can lie on). 403 for who may not place zones."""
    asset = get_object_or_404(Asset.objects.visible_to(request.user).select_related("current"), public_id=asset_id)
    if not request.user.has_perm("assets.manage_assets"):
        raise PermissionDenied
    if asset.current is None or not branding.can_be_branded(asset.current):
        raise Http404
    return asset.current


def _pages(version: AssetVersion, dpi: int) -> tuple[list[Size], str]:
    """The sizes of the file's pages, or none and why it cannot be used."""
    try:
        return branding.pages_of(version, dpi=dpi), ""
    except DomainError as error:
        return [], error.message


def _sheet(data: Any, stored: dict[str, Any], seen: str) -> SheetForm:
    initial = {"dpi": stored.get("dpi", 150), "crop_marks": stored.get("crop_marks", False), "seen": seen}
    return SheetForm(data, initial=initial)


@login_required
def design(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """The zones as rows of numbers. Saved zones hold for copies made from then on."""
    version = _version(request, asset_id)
    latest = branding.template_of(version)
    stored: dict[str, Any] = latest.document if latest else {"zones": []}
    data = request.POST if request.method == "POST" else None
    rows: Any = ZoneFormSet(data, initial=[initial_zone(zone) for zone in stored["zones"]], prefix="zones")
    sheet = _sheet(data, stored, branding.mark_of(version))
    pages, problem = _pages(version, stored.get("dpi", 150))
    status = 200
    if request.method == "POST":
        status = 400
        if sheet.is_valid() and rows.is_valid():
            try:
                branding.save_template(
                    version=version,
                    document=rows.document(**sheet.measures),
                    seen=sheet.cleaned_data["seen"],
                    by=person_of(request),
                    at=timezone.now(),
                )
            except DomainError as error:
                problem, status = error.message, busy_or(400, error)
            else:
                messages.success(request, "The zones are saved. Copies made from now on have them.")
                return redirect("branding:zones", asset_id=asset_id)
    context = {
        "asset": version.asset,
        "rows": rows,
        "sheet": sheet,
        "problem": problem,
        "template": latest,
        "pages": pages,
        "crumbs": [{"label": "Templates", "url": reverse("branding:gallery")}],
    }
    return with_retry(render(request, "assets/zones.html", context, status=status))


@require_safe
@login_required
def preview(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """A page of the master with its saved zones filled in for an invented partner."""
    version = _version(request, asset_id)
    if limits.seconds_to_wait(f"previews:{request.user.pk}", timezone.now()):
        return HttpResponse("Too many previews. Wait a minute.", status=429, content_type="text/plain")
    page = request.GET.get("page", "1")
    try:
        png = branding.preview_example(version=version, page=int(page) if page.isdecimal() and len(page) < 4 else 1)
    except DomainError as error:
        return in_words(error)
    response = HttpResponse(png, content_type="image/png")
    response["Cache-Control"] = "private, no-store"
    return response
