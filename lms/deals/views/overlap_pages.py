"""Common customers: asking for a comparison, agreeing to it, seeing what both have, taking it back."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.forms import OverlapForm
from lms.deals.models import OverlapComparison
from lms.partners.middleware import membership_of
from lms.partners.models import Partner

PAGE_SIZE = 25


@require_safe
@login_required
def overlaps(request: HttpRequest) -> HttpResponse:
    """The comparisons of the person's partner; for channel roles all, those that wait for an answer first."""
    user, today = person_of(request), timezone.now().date()
    own = None if user.has_perm("deals.view_queue") else _own_partner(request)
    rows = OverlapComparison.objects.visible_to(user).select_related("partner")
    if own is not None:
        rows = rows.filter(partner=own)
    waits_first = Case(When(agreed_at=None, ended_at=None, ends_on__gte=today, then=0), default=1)
    shown = Paginator(rows.order_by(waits_first, "-asked_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": [{"comparison": row, "is_open": row.is_open(today)} for row in shown],
        "is_all": own is None,
        "may_ask": own is not None and not rows.filter(ended_at=None, ends_on__gte=today).exists(),
        "newer": f"?page={shown.previous_page_number()}" if shown.has_previous() else "",
        "older": f"?page={shown.next_page_number()}" if shown.has_next() else "",
    }
    return render(request, "deals/overlaps.html", context)


def _own_partner(request: HttpRequest) -> Partner:
    membership = membership_of(request)
    if membership is None or not request.user.has_perm("deals.ask_overlap", membership.partner):
        raise PermissionDenied
    return membership.partner


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Gives the list of customers, the purpose and the last day."""
    partner, status = _own_partner(request), 200
    form = OverlapForm(request.POST, request.FILES) if request.method == "POST" else OverlapForm()
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        try:
            made = services.ask_overlap(
                partner=partner,
                domains=words["domains"],
                purpose=words["purpose"],
                ends_on=words["ends_on"],
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(error.field if isinstance(error, services.BadOverlap) else None, error.message)
            status = error.status
        else:
            messages.success(request, "The question is sent. We answer it on its page.")
            return redirect("deals:overlap", made.public_id)
    return render(request, "deals/overlap_new.html", {"form": form, "crumbs": _crumbs()}, status=status)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": "Common customers", "url": reverse("deals:overlaps")}]


def _comparison(request: HttpRequest, overlap_id: UUID) -> OverlapComparison:
    """As far as it exists for this person (404)."""
    rows = OverlapComparison.objects.visible_to(person_of(request)).select_related(
        "partner", "asked_by", "agreed_by", "ended_by"
    )
    return get_object_or_404(rows, public_id=overlap_id)


@require_safe
@login_required
def overlap(request: HttpRequest, overlap_id: UUID) -> HttpResponse:
    """Who agreed to what until when, and the domains that both have."""
    row = _comparison(request, overlap_id)
    is_open, is_suspended = row.is_open(timezone.now().date()), row.partner.suspended_at is not None
    waits_for_me = is_open and row.agreed_at is None and request.user.has_perm("deals.agree_overlap", row.partner)
    page = {
        "comparison": row,
        "is_open": is_open,
        "is_suspended": is_suspended,
        "matches": list(row.matches.order_by("domain")) if is_open and not is_suspended else [],
        "may_decline": waits_for_me,
        "may_agree": waits_for_me and not is_suspended,
        "crumbs": _crumbs(),
    }
    return render(request, "deals/overlap.html", page)


_ACTS = {"agree": services.agree_overlap, "decline": services.decline_overlap, "end": services.end_overlap}


@login_required
@require_POST
def act(request: HttpRequest, overlap_id: UUID, name: str) -> HttpResponse:
    """Agrees, declines, or takes consent back."""
    if name not in _ACTS:
        raise Http404
    row = _comparison(request, overlap_id)
    if name != "end" and not request.user.has_perm("deals.agree_overlap", row.partner):
        raise PermissionDenied
    try:
        _ACTS[name](comparison=row, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("deals:overlap", row.public_id)
