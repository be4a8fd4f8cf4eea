"""Who to talk to: sponsors and counterparts of both sides, on one page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.partners import services
from lms.partners.forms import MemberForm, StaffForm
from lms.partners.models import Counterpart, Partner, vendor_staff
from lms.partners.rules import NAMING
from lms.partners.sides import GUIDES, Function, Side

HISTORY_SHOWN = 30


def partner_of(request: HttpRequest, partner_id: UUID, permission: str) -> Partner:
    """The partner as far as it exists for this person (404), if he may do what is asked (403)."""
    partner = get_object_or_404(Partner.objects.visible_to(person_of(request)), public_id=partner_id)
    if not request.user.has_perm(permission, partner):
        raise PermissionDenied
    return partner


@require_safe
@login_required
def contacts(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Per function one person of each side; for who names them the empty places and what was before."""
    partner = partner_of(request, partner_id, "partners.view_contacts")
    names = {side: request.user.has_perm(NAMING[side], partner) for side in Side}
    found = services.places([partner], Function, timezone.now())[partner.pk]
    groups = [
        {"function": function, "when": GUIDES[function].when, "sides": _sides(function, found, partner, names)}
        for function in Function
    ]
    page: dict[str, Any] = {"partner": partner, "groups": groups, "names_somebody": any(names.values())}
    if page["names_somebody"]:
        rows = Counterpart.objects.filter(partner=partner, ended_at__isnull=False).select_related("person")
        page["history"] = rows.order_by("-ended_at", "-pk")[:HISTORY_SHOWN]
    return render(request, "partners/contacts.html", page)


def _sides(
    function: Function, found: services.Places, partner: Partner, names: dict[Side, bool]
) -> list[dict[str, object]]:
    company = {Side.VENDOR: settings.VENDOR_NAME, Side.PARTNER: partner.name}
    may = {side: names[side] and partner.suspended_at is None for side in Side}
    return [{"company": company[side], "place": found[function, side], "may_name": may[side]} for side in Side]


def _named(value: str, of: type[Function] | type[Side]) -> Any:
    if value not in of.values:
        raise Http404
    return of(value)


@login_required
def contact_name(request: HttpRequest, partner_id: UUID, function: str, side: str) -> HttpResponse:
    """Chooses who stands for one's side in a function."""
    what, of = _named(function, Function), _named(side, Side)
    partner, now = partner_of(request, partner_id, NAMING[of]), timezone.now()
    form, status = _form(request, partner, what, of, now), 200
    if request.method == "POST" and form.is_valid():
        try:
            named = services.name_counterpart(
                partner=partner, side=of, function=what, person=form.person, by=person_of(request), at=now
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"{named.person.name} is named.")
            return redirect("partners:contacts", partner_id=partner.public_id)
    page = {
        "partner": partner,
        "form": form,
        "function": what,
        "when": GUIDES[what].when,
        "is_sponsor": what == Function.EXECUTIVE,
        "place": services.places([partner], [what], now)[partner.pk][what, of],
    }
    return render(request, "partners/contact_name.html", page, status=status)


def _form(
    request: HttpRequest, partner: Partner, function: Function, side: Side, at: datetime
) -> StaffForm | MemberForm:
    data = request.POST if request.method == "POST" else None
    if side == Side.VENDOR:
        return StaffForm(data, people=vendor_staff(at.date()).order_by("name", "pk"))
    return MemberForm(data, people=services.members_for(partner, function, at.date()))


@login_required
@require_POST
def contact_end(request: HttpRequest, partner_id: UUID, counterpart_id: UUID) -> HttpResponse:
    """Leaves a place of one's own side empty."""
    partner = partner_of(request, partner_id, "partners.view_contacts")
    rows = Counterpart.objects.filter(partner=partner).select_related("partner", "person")
    counterpart = get_object_or_404(rows, public_id=counterpart_id)
    if not request.user.has_perm(NAMING[Side(counterpart.side)], partner):
        raise PermissionDenied
    try:
        services.end_counterpart(counterpart=counterpart, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        now_empty = " The place is empty now." if counterpart.ended_at is None else ""
        messages.success(request, f"{counterpart.person.name} is no longer named.{now_empty}")
    return redirect("partners:contacts", partner_id=partner.public_id)
