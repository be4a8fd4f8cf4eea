"""The library, one asset, and its file. Pages of the vendor's own people stand in the admin (`manage_views`)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courses.audience import way_in
from courses.models import Need
from lms.accounts.requests import person_of
from lms.assets import library as shelf
from lms.assets import services
from lms.assets.contents import PICTURES, SHOWN, VIDEOS
from lms.assets.forms import LibraryForm
from lms.assets.library import LANGUAGES, Filters
from lms.assets.models import Asset, AssetVersion, State
from lms.assets.services.branding import can_be_branded, template_of
from lms.assets.statements import Use
from lms.assets.texts import can_be_read, read_letter
from lms.common.files import is_delivered, send_file
from lms.partners.middleware import membership_of
from lms.partners.models import Persona, today

MANAGE = "assets.manage_assets"


@require_safe
@login_required
def library(request: HttpRequest) -> HttpResponse:
    """What is for the person, found by words, need, kind, persona, language and product. In vain is remembered."""
    person = person_of(request)
    filters = LibraryForm(request.GET).filters()
    found = shelf.find(person, filters, today(), at=timezone.now())
    is_in_vain = not (found.assets or found.closed or found.coming)
    if is_in_vain and filters == Filters(q=filters.q) and filters.q and membership_of(request):
        services.note_miss(words=filters.q, person=person, at=timezone.now())
    context = {
        "found": found,
        "filters": filters,
        "facets": _facets(request, filters),
        "kept": [
            (name, value) for name, value in request.GET.items() if name in LibraryForm.base_fields and name != "q"
        ],
        "is_filtered": filters != Filters(),
        "may_manage": request.user.has_perm(MANAGE),
    }
    return render(request, "assets/library.html", context)


def _facets(request: HttpRequest, filters: Filters) -> list[dict[str, Any]]:
    offered = shelf.choices(person_of(request))
    personas = [(p.slug, p.name) for p in Persona.objects.order_by("position", "pk")]
    rows = [
        ("Need", "need", "Every need", list(Need.choices), filters.need),
        ("Kind", "kind", "Every kind", offered["kind"], filters.kind),
        ("Role", "persona", "Everybody", personas, filters.persona.slug if filters.persona else ""),
        ("Language", "language", "Every language", offered["language"], filters.language),
        ("Product", "product", "Every product", offered["product"], filters.product.slug if filters.product else ""),
    ]
    return [
        {"label": label, "chips": _chips(request, name, [("", everything), *choices], current)}
        for label, name, everything, choices, current in rows
        if len(choices) > 1 or current
    ]


def _chips(request: HttpRequest, name: str, choices: list[tuple[str, str]], current: str) -> list[dict[str, Any]]:
    """Context of components/chips.html: each choice keeps the other filters."""
    kept = {key: value for key, value in request.GET.items() if key in LibraryForm.base_fields and key != name}
    return [
        {
            "label": label,
            "url": f"?{urlencode(kept | ({name: value} if value else {}))}",
            "is_current": value == current,
        }
        for value, label in choices
    ]


def _asset_of(request: HttpRequest, asset_id: UUID) -> Asset:
    """The asset as far as it exists for this person (404)."""
    assets = Asset.objects.visible_to(request.user).select_related("current", "owner", "minimum_tier")
    return get_object_or_404(assets, public_id=asset_id)


@require_safe
@login_required
def asset(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """One asset: what it is for, a preview, the file, the link to pass on; or what is coming in its place, or which
    tier gives it."""
    found = _asset_of(request, asset_id)
    state = found.state_on(today())
    may_manage = request.user.has_perm(MANAGE)
    way = _way_in(request, found)
    is_available = state == State.AVAILABLE and not way
    current = found.current if is_available or may_manage else None
    context = {
        "asset": found,
        "state": state,
        "is_available": is_available,
        "way": way,
        "version": current,
        "is_picture": current is not None and current.media_type in PICTURES,
        "is_video": current is not None and current.media_type in VIDEOS,
        "is_shown": current is not None and current.media_type in SHOWN,
        "can_be_read": can_be_read(current),
        "language_name": LANGUAGES.get(found.language, found.language),
        "products": found.products.order_by("position", "pk"),
        "share_url": settings.SITE_URL + reverse("assets:asset", args=[found.public_id]),
        "is_shared": "shared" in request.GET,
        "may_manage": may_manage,
        "can_be_made_own": (is_available and template_of(current) is not None and membership_of(request) is not None),
        "can_be_branded": current is not None and can_be_branded(current),
        "versions": found.versions.select_related("added_by").order_by("-number") if may_manage else [],
        "crumbs": [{"label": "Assets", "url": reverse("assets:library")}],
    }
    return render(request, "assets/asset.html", context)


def _way_in(request: HttpRequest, asset: Asset) -> str:
    return way_in(asset, benefit=asset.required_benefit, user=person_of(request), at=timezone.now())


def _file_of(request: HttpRequest, asset_id: UUID) -> AssetVersion | None:
    """The newest file while it may be had; None when the asset's page says why not. Who keeps assets always may."""
    found = _asset_of(request, asset_id)
    if found.current is None:
        return None
    is_open = found.state_on(today()) == State.AVAILABLE and not _way_in(request, found)
    if not is_open and not request.user.has_perm(MANAGE):
        return None
    found.current.asset = found
    return found.current


def _note(request: HttpRequest, version: AssetVersion, use: Use) -> None:
    services.note_use(
        version=version,
        person=person_of(request),
        membership=membership_of(request),
        use=use,
        at=timezone.now(),
    )


@require_safe
@login_required
def download(request: HttpRequest, asset_id: UUID) -> HttpResponseBase:
    """The file to keep. One that cannot be had today leads to the asset's page, which says what is coming."""
    found = _file_of(request, asset_id)
    if found is None:
        return redirect("assets:asset", asset_id)
    response = _sent(request, found, inline=False)
    if request.method == "GET" and is_delivered(response):
        _note(request, found, Use.DOWNLOADED)
    return response


@require_safe
@login_required
def preview(request: HttpRequest, asset_id: UUID) -> HttpResponseBase:
    """A picture, a video or a PDF to look at, in a sandbox of its own. All else is only ever downloaded."""
    found = _file_of(request, asset_id)
    if found is None or found.media_type not in SHOWN:
        raise Http404
    response = _sent(request, found, inline=True)
    if request.method == "GET" and is_delivered(response):
        _note(request, found, Use.VIEWED)
    return response


@require_safe
@login_required
def text(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """The words of a text or an e-mail template, to read and to copy. Nothing of a page's markup is shown."""
    found = _file_of(request, asset_id)
    if found is None or not can_be_read(found):
        raise Http404
    try:
        with found.file.storage.open(found.file.name or "", "rb") as file:
            letter = read_letter(file.read(), found.media_type)
    except OSError as error:
        raise Http404("The file is gone.") from error
    if request.method == "GET":
        _note(request, found, Use.VIEWED)
    crumbs = [
        {"label": "Assets", "url": reverse("assets:library")},
        {"label": found.asset.title, "url": reverse("assets:asset", args=[asset_id])},
    ]
    context = {"asset": found.asset, "letter": letter, "is_page": found.media_type == "text/html", "crumbs": crumbs}
    return render(request, "assets/text.html", context)


def _sent(request: HttpRequest, version: AssetVersion, *, inline: bool) -> HttpResponseBase:
    return send_file(request, version.file, content_type=version.media_type, filename=version.filename, inline=inline)


@login_required
@require_POST
def share(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Records that somebody passes the asset on, and shows its address. Who opens it signs in: nothing is public."""
    found = _file_of(request, asset_id)
    if found is not None:
        _note(request, found, Use.SHARED)
    return redirect(f"{reverse('assets:asset', args=[asset_id])}?shared#share")


@require_safe
@login_required
def version(request: HttpRequest, asset_id: UUID, number: int) -> HttpResponseBase:
    """A file of the record, also an old one, for who keeps assets."""
    found = _asset_of(request, asset_id)
    if not request.user.has_perm(MANAGE):
        raise PermissionDenied
    return _sent(request, get_object_or_404(found.versions, number=number), inline=False)
