"""The desk of channel marketing in the admin: what is used, what to do about it, and what people miss."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.assets import services
from lms.assets.dependants import dependants_of
from lms.assets.forms import AnswerForm, ReviewForm, SearchForm, VerdictForm, WithdrawForm
from lms.assets.models import Asset, MissedSearch, State, Verdict
from lms.common.errors import DomainError
from lms.partners.models import today

SHOWN_MISSES = 100
# What can be done, by where an asset stands. A review does not bring back what has expired, and nobody has a draft.
_OFFERS = {
    State.PLANNED: {"change", "decide"},
    State.AVAILABLE: {"change", "decide", "review", "withdraw"},
    State.OVERDUE: {"change", "decide", "review", "withdraw"},
    State.EXPIRED: {"change", "decide", "withdraw"},
    State.WITHDRAWN: {"change", "decide", "restore"},
    State.RETIRED: set[str](),
}


def _guard(request: HttpRequest) -> None:
    if not request.user.has_perm("assets.manage_assets"):
        raise PermissionDenied


@require_safe
def use(request: HttpRequest) -> HttpResponse:
    """All assets with their figures, and what these speak for; what is to be retired or improved first."""
    _guard(request)
    now = timezone.now()
    assets = list(Asset.objects.filter(retired_at=None).select_related("current", "owner").order_by("title", "pk"))
    evidence = services.evidence_of(assets, at=now)
    rows: list[dict[str, Any]] = [
        {"asset": one, "state": one.state_on(now.date()), "evidence": evidence[one.pk], "hint": hint}
        for one in assets
        for hint in [services.suggest(evidence[one.pk])]
    ]
    order = [Verdict.Choice.RETIRE, Verdict.Choice.IMPROVE, Verdict.Choice.KEEP, None]
    rows.sort(key=lambda row: order.index(row["hint"]))
    context = {"rows": rows, "sources": services.use_by_source(at=now), "page_title": "Use of assets"}
    return render(request, "assets/admin/use.html", context | {"header_icon": "view"})


@require_safe
def lapsed(request: HttpRequest) -> HttpResponse:
    """What the calendar took from partners, the longest first, with what depends on it."""
    _guard(request)
    on = today()
    assets = list(Asset.objects.lapsed(on).select_related("owner"))
    shown, copies = dependants_of(assets), services.copies_in_hand(assets)
    rows: list[dict[str, Any]] = [
        {
            "asset": asset,
            "state": asset.state_on(on),
            "since": asset.lapsed_on(on),
            "pages": shown.get(asset.pk, []),
            "copies": copies.get(asset.pk, 0),
        }
        for asset in assets
    ]
    rows.sort(key=lambda row: (row["since"], row["asset"].title, row["asset"].pk))
    context = {"rows": rows, "page_title": "Lapsed assets", "header_icon": "warning"}
    return render(request, "assets/admin/lapsed.html", context)


@require_safe
def one(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """One asset: where it stands, who uses it, what was decided, and the buttons."""
    _guard(request)
    return _page(request, _asset(asset_id))


def _asset(asset_id: UUID) -> Asset:
    people = ("owner", "withdrawn_by", "retired_by")
    return get_object_or_404(Asset.objects.select_related("current", *people), public_id=asset_id)


def _page(request: HttpRequest, asset: Asset) -> HttpResponse:
    now = timezone.now()
    evidence = services.evidence_of([asset], at=now)[asset.pk]
    context: dict[str, Any] = {
        "asset": asset,
        "state": (state := asset.state_on(now.date())),
        "offers": _OFFERS[state],
        "evidence": evidence,
        "hint": services.suggest(evidence),
        "rows": services.use_of(asset, at=now),
        "verdicts": asset.verdicts.select_related("decided_by").order_by("-decided_at", "-pk"),
        "verdict_form": VerdictForm(is_draft=state == State.PLANNED),
        "withdraw_form": WithdrawForm(),
        "review_form": ReviewForm(initial={"review_on": date(now.year + 1, now.month, 1)}),
        "page_title": asset.title,
        "header_icon": "doc-full",
    }
    return render(request, "assets/admin/one.html", context)


_GIVES_BACK = (services.restore_asset, services.review_asset)


def _done(request: HttpRequest, asset_id: UUID, form: Any, deed: Callable[..., object], words: str) -> HttpResponse:
    """Reads the form, does the deed, says on the asset's page what came of it. One that answers False did nothing.

    That somebody did what should give the asset to partners does not mean that they have it: the words say so.
    """
    _guard(request)
    asset = _asset(asset_id)
    if form is not None and not form.is_valid():
        messages.error(request, "Something was missing. Nothing was changed.")
        return redirect("assets_desk:one", asset_id)
    said = form.cleaned_data if form is not None else {}
    try:
        has_changed = deed(asset=asset, by=person_of(request), at=timezone.now(), **said) is not False
    except DomainError as error:
        messages.error(request, error.message)
    else:
        if has_changed:
            messages.success(request, words)
        else:
            messages.warning(request, "Nothing was changed: it is so already, or this asset is not in use.")
        if has_changed and deed in _GIVES_BACK and asset.state_on(today()) != State.AVAILABLE:
            messages.warning(request, "Partners cannot have it yet: read below why.")
    return redirect("assets_desk:one", asset_id)


@require_POST
def withdraw(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Takes it from partners, with a word of what is coming."""
    form = WithdrawForm(request.POST)
    return _done(request, asset_id, form, services.withdraw_asset, "It is withdrawn. Partners read what is coming.")


@require_POST
def restore(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Gives a withdrawn one back."""
    return _done(request, asset_id, ReviewForm(request.POST), services.restore_asset, "It is not withdrawn any more.")


@require_POST
def review(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Looked at, and still true."""
    form = ReviewForm(request.POST)
    return _done(request, asset_id, form, services.review_asset, "The day of the next review is set.")


@require_POST
def decide(request: HttpRequest, asset_id: UUID) -> HttpResponse:
    """Keep, improve or retire, with the figures of this moment."""
    form = VerdictForm(request.POST)
    return _done(request, asset_id, form, services.decide, "The verdict stands in the log, with the figures.")


def backlog(request: HttpRequest) -> HttpResponse:
    """What people looked for in vain, the most wanted first; and which asset answers it."""
    _guard(request)
    form = AnswerForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            services.answer_miss(**form.cleaned_data, by=person_of(request), at=timezone.now())
            messages.success(request, "Answered.")
        else:
            messages.error(request, "Choose the asset that answers it. Nothing was changed.")
        return redirect("assets_desk:backlog")
    counted = MissedSearch.objects.select_related("answer", "answered_by", "reopened_by").with_people()
    context = {
        "open": counted.open()[:SHOWN_MISSES],
        "answered": counted.answered()[:SHOWN_MISSES],
        "assets": form.fields["asset"].queryset,  # type: ignore[attr-defined]
        "page_title": "Looked for in vain",
        "header_icon": "search",
    }
    return render(request, "assets/admin/backlog.html", context)


@require_POST
def reopen(request: HttpRequest) -> HttpResponse:
    """The answer was none: the words are wanted again."""
    _guard(request)
    form = SearchForm(request.POST)
    if form.is_valid() and services.reopen_miss(**form.cleaned_data, by=person_of(request), at=timezone.now()):
        messages.success(request, "It is open again, with the answer beside it.")
    else:
        messages.warning(request, "Nothing was changed: it is open already.")
    return redirect("assets_desk:backlog")
