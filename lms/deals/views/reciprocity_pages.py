"""Given and received: what the vendor gave its partners, what they brought, down to the rows."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.requests import person_of
from lms.deals.services.reciprocity import Period, balance_of, balances, periods
from lms.partners.middleware import membership_of
from lms.partners.models import Partner

_FIRST = "months"


def _asked(request: HttpRequest) -> tuple[Period, dict[str, Any]]:
    """The period that was asked for, and what the page says of it. An unknown word means the first."""
    choices = periods(timezone.now())
    wanted = request.GET.get("period", _FIRST)
    wanted = wanted if wanted in choices else _FIRST
    chips = [{"label": one.label, "url": f"?period={key}", "is_current": key == wanted} for key, one in choices.items()]
    return choices[wanted], {"period": choices[wanted], "chips": chips, "query": f"?period={wanted}"}


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Every partner with something on either side, and the sum; a partner's manager is led to his own."""
    user, membership = person_of(request), membership_of(request)
    if not user.has_perm("deals.view_queue"):
        if membership is None or not user.has_perm("deals.view_reciprocity", membership.partner):
            raise PermissionDenied
        return redirect("deals:reciprocity_partner", membership.partner.public_id)
    period, context = _asked(request)
    partners = Partner.objects.visible_to(user).order_by("name", "pk")
    total, rows = balances(partners=list(partners), period=period)
    return render(request, "deals/reciprocity.html", {"total": total, "rows": rows, **context})


@require_safe
@login_required
def of_partner(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """One partner: the figures, and the leads and deals they are made of."""
    user = person_of(request)
    partner = get_object_or_404(Partner.objects.visible_to(user), public_id=partner_id)
    if not user.has_perm("deals.view_reciprocity", partner):
        raise PermissionDenied
    period, context = _asked(request)
    sees_all = user.has_perm("deals.view_queue")
    crumbs = [{"label": "Given and received", "url": reverse("deals:reciprocity")}] if sees_all else []
    context |= {"partner": partner, "balance": balance_of(partner, period), "sees_all": sees_all, "crumbs": crumbs}
    return render(request, "deals/reciprocity_partner.html", context)
