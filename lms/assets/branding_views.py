"""Co-branding: the partner's brand, "make it yours", the partner's copies, and checking one."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from certifications import limits
from lms.accounts.network import network_of
from lms.accounts.requests import person_of
from lms.assets.branding.errors import DrawingBusy
from lms.assets.branding_forms import BrandForm, CopyForm, LookUpForm
from lms.assets.models import Asset
from lms.assets.models.branding import BrandedCopy, BrandTemplate, CopyState
from lms.assets.services import branding, note_use, template_use
from lms.assets.statements import Use
from lms.common.errors import DomainError, RequestReused
from lms.common.files import is_delivered, send_file
from lms.partners.middleware import membership_of
from lms.partners.models import Partner, today

PAGE_SIZE = 25
_TONES = {
    CopyState.CURRENT: "accent",
    CopyState.REPLACED: "warn",
    CopyState.EXPIRED: "warn",
    CopyState.REVIEW: "warn",
    CopyState.SUSPENDED: "warn",
    CopyState.WITHDRAWN: "danger",
}


def _own_partner(request: HttpRequest) -> Partner:
    """For which partner the person acts; 403 for who belongs to none."""
    membership = membership_of(request)
    if membership is None:
        raise PermissionDenied
    return membership.partner


@login_required
def brand(request: HttpRequest) -> HttpResponse:
    """What the partner prints, with the logo on white and on the partner's colour. A manager changes it."""
    partner = _own_partner(request)
    may_change = request.user.has_perm("assets.change_brand", partner)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    profile = branding.brand_of(partner)
    form = BrandForm(
        request.POST if request.method == "POST" else None, request.FILES or None, profile=profile, name=partner.name
    )
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                branding.save_brand(partner=partner, by=person_of(request), at=timezone.now(), **form.words())
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "Your brand is saved. New copies are printed with it.")
                return redirect("branding:brand")
    context = {"form": form, "profile": profile, "partner": partner, "may_change": may_change}
    return render(request, "assets/brand.html", context, status=status)


@require_safe
@login_required
def logo(request: HttpRequest) -> HttpResponse:
    """The own partner's logo, drawn anew as PNG when it was uploaded."""
    profile = branding.brand_of(_own_partner(request))
    if profile is None or not profile.logo_digest:
        raise Http404
    return _png(profile.logo_bytes or b"")


def _png(content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="image/png")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_safe
@login_required
def gallery(request: HttpRequest) -> HttpResponse:
    """What the person can make his own, and, for marketing, what has been made of it (R23)."""
    assets = template_use.with_zones(Asset.objects.open_to(request.user, timezone.now()).available(today()))
    context: dict[str, Any] = {
        "assets": Paginator(assets.order_by("title", "pk"), PAGE_SIZE).get_page(request.GET.get("page")),
        "may_place": request.user.has_perm("assets.manage_assets"),
        "partner": membership.partner if (membership := membership_of(request)) else None,
    }
    if context["may_place"]:
        context["use"] = template_use.template_share(until=timezone.now())
        context["without"] = template_use.without_zones(Asset.objects.available(today())).order_by("title", "pk")[
            :PAGE_SIZE
        ]
    return render(request, "assets/gallery.html", context)


def _template(request: HttpRequest, asset_id: UUID) -> BrandTemplate:
    """The zones in use on an asset that the person may have (404)."""
    mine = Asset.objects.open_to(request.user, timezone.now())
    assets = mine.available(today()).select_related("current")
    found = branding.template_of(get_object_or_404(assets, public_id=asset_id).current)
    if found is None:
        raise Http404
    return found


@login_required
def make(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """ "Make it yours": the questions, how it will look, and the button that makes the copy."""
    template, partner = _template(request, asset_id), _own_partner(request)
    zones = branding.zones_of(template)
    can_be_printed = template.version.media_type == "application/pdf"
    data = request.POST if request.method == "POST" else (request.GET or None)
    form = CopyForm(data, template=zones, can_be_printed=can_be_printed)
    context: dict[str, Any] = {
        "form": form,
        "asset": template.version.asset,
        "profile": branding.brand_of(partner),
        "may_change": request.user.has_perm("assets.change_brand", partner),
        "request_key": request.POST.get("request_key") or uuid4(),
        "page_count": (page_count := _page_count(template)),
        "pages": range(1, page_count + 1),
        "valid_until": branding.last_day(template.version.asset),
        "crumbs": [{"label": "Templates", "url": reverse("branding:gallery")}],
    }
    status = 200
    if request.method == "POST" and form.is_valid():
        made = _made(request, template, partner, form)
        if made is not None:
            messages.success(request, "Your copy is made. Download it here, now or later.")
            return redirect("branding:copies")
        status = DrawingBusy.status if form.has_error(NON_FIELD_ERRORS, DrawingBusy.code) else 400
    context |= _preview_context(request, template, partner, form)
    name = "assets/_preview.html" if request.headers.get("HX-Request") else "assets/make.html"
    return with_retry(render(request, name, context, status=status))


def _page_count(template: BrandTemplate) -> int:
    """At least 1: what cannot be read says so when it is previewed or made."""
    try:
        return len(branding.pages_of(template.version, dpi=branding.zones_of(template).dpi))
    except DomainError:
        return 1


def _made(request: HttpRequest, template: BrandTemplate, partner: Partner, form: CopyForm) -> BrandedCopy | None:
    """The copy, or None with the refusal in the form."""
    try:
        key = UUID(request.POST.get("request_key", ""))
    except ValueError:
        form.add_error(None, RequestReused("This form is incomplete. Open it anew.").message)
        return None
    wish = branding.Wish(values=form.values, for_print=form.for_printer)
    try:
        return branding.make_copy(
            template=template, partner=partner, by=person_of(request), wish=wish, request_key=key, at=timezone.now()
        )
    except DomainError as error:
        form.add_error(None, ValidationError(error.message, code=error.code))
        return None


def _preview_context(request: HttpRequest, template: BrandTemplate, partner: Partner, form: CopyForm) -> dict[str, Any]:
    """What the preview says. The picture itself is asked for by the browser, with the same words."""
    words = form.data if form.is_bound else {}
    query = {name: words.get(name, field.initial or "") for name, field in form.fields.items() if name != "for_print"}
    page = words.get("page", "1")
    shown = _number(page)
    return {"preview_query": urlencode({**query, "page": shown}), "page": shown}


def _number(page: str) -> int:
    """Of a page, as an address says it; the first for what is none."""
    return int(page) if page.isascii() and page.isdecimal() and len(page) < 4 else 1


@require_safe
@login_required
def preview(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """A page of the copy as it would be, as PNG. 400 with the words of what is missing."""
    template, partner = _template(request, asset_id), _own_partner(request)
    if limits.seconds_to_wait(f"previews:{request.user.pk}", timezone.now()):
        return HttpResponse("Too many previews. Wait a minute.", status=429, content_type="text/plain")
    zones = branding.zones_of(template)
    form = CopyForm(request.GET, template=zones, can_be_printed=False)
    if not form.is_valid():
        wrong = [f"{form[name].label}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
        return HttpResponse("\n".join(wrong), status=400, content_type="text/plain; charset=utf-8")
    try:
        png, _ = branding.preview_copy(
            template=template,
            partner=partner,
            wish=branding.Wish(values=form.values),
            page=_number(request.GET.get("page", "1")),
        )
    except DomainError as error:
        return in_words(error)
    return _png(png)


def busy_or(status: int, error: DomainError) -> int:
    """503 when the machine is drawing as much as it can: nothing is wrong with what was asked. Else `status`."""
    return error.status if isinstance(error, DrawingBusy) else status


def in_words(error: DomainError) -> HttpResponse:
    """In place of a picture: why there is none, and when to ask again where that helps."""
    return with_retry(HttpResponse(error.message, status=busy_or(400, error), content_type="text/plain; charset=utf-8"))


def with_retry(response: HttpResponse) -> HttpResponse:
    """Says when to ask again, where the machine was busy."""
    if response.status_code == DrawingBusy.status:
        response["Retry-After"] = str(DrawingBusy.retry_after)
    return response


@require_safe
@login_required
def copies(request: HttpRequest) -> HttpResponse:
    """The copies of the person's partner with where each stands today."""
    partner, on = _own_partner(request), today()
    found = (
        BrandedCopy.objects.visible_to(request.user)
        .filter(partner=partner)
        .select_related("template__version__asset", "partner", "made_by")
        .order_by("-made_at", "-pk")
    )
    shown = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    mine = Asset.objects.open_to(request.user, timezone.now()).available(on)
    of_these = mine.filter(pk__in={one.template.version.asset_id for one in shown})
    makeable = set(template_use.with_zones(of_these).values_list("pk", flat=True))
    rows = [
        {
            "copy": one,
            "state": (state := one.state_on(on)),
            "tone": _TONES[state],
            "can_be_made_anew": state != CopyState.CURRENT and one.template.version.asset_id in makeable,
        }
        for one in shown
    ]
    context = {
        "rows": rows,
        "partner": partner,
        "newer": f"?page={shown.previous_page_number()}" if shown.has_previous() else "",
        "older": f"?page={shown.next_page_number()}" if shown.has_next() else "",
    }
    return render(request, "assets/copies.html", context)


@require_safe
@login_required
def download(request: HttpRequest, copy_id: str) -> HttpResponseBase:
    """A copy's file. Another partner's is 404; a withdrawn one is not handed out any more (410)."""
    copies = BrandedCopy.objects.visible_to(request.user).select_related("template__version__asset", "partner")
    found = get_object_or_404(copies, public_id=copy_id)
    if found.state_on(today()) == CopyState.WITHDRAWN:
        context = {"asset": found.asset}
        return render(request, "assets/copy_withdrawn.html", context, status=410)
    response = send_file(request, found.file, content_type=found.media_type, filename=found.filename, inline=False)
    if request.method == "GET" and is_delivered(response):
        note_use(
            version=found.template.version,
            person=person_of(request),
            membership=membership_of(request),
            use=Use.DOWNLOADED,
            at=timezone.now(),
        )
    return response


@require_safe
def check_form(request: HttpRequest) -> HttpResponse:
    """Where a stranger types in the number of a copy."""
    form = LookUpForm(request.GET if "number" in request.GET else None)
    if form.is_bound and form.is_valid():
        return _unlisted(redirect("branding:check", form.cleaned_data["number"]))
    return _unlisted(render(request, "assets/check_form.html", {"form": form}))


@require_safe
def check(request: HttpRequest, copy_id: str) -> HttpResponse:
    """What anybody with the number may know: what it is, for which partner, and whether it holds. Never the file.

    Unknown numbers take the same way and get the same page with 200. Limited per network (429).
    """
    now = timezone.now()
    wait = limits.seconds_to_wait(f"copies:{network_of(request)}", now)
    if wait:
        response = render(request, "429.html", {"retry_after_text": f"{wait} seconds"}, status=429)
        response["Retry-After"] = str(wait)
        return _unlisted(response)
    number = copy_id[:64]
    found = BrandedCopy.objects.select_related("template__version__asset", "partner").filter(public_id=number).first()
    state = found.state_on(today()) if found else None
    page = {"copy": found, "state": state, "tone": _TONES[state] if state else "info", "number": number}
    return _unlisted(render(request, "assets/check.html", page | {"checked_at": now}))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """For no search engine, no cache, and no Referer that carries the number elsewhere."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
