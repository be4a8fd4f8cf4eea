"""Leads: given and followed by the vendor's channel roles, answered by the partner's people."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.countries import COUNTRIES
from lms.deals.forms import AcceptForm, DeclineForm, GiveForm, LeadForm
from lms.deals.lead_moves import LeadState
from lms.deals.models import EngagementRules, Lead, LeadMove
from lms.deals.money import plain
from lms.partners.middleware import membership_of
from lms.partners.models import Partner

PAGE_SIZE = 50
FIGURES_OVER = timedelta(days=365)
_TONES = {LeadState.ACCEPTED: "accent", LeadState.OFFERED: "warn", LeadState.EXPIRED: "danger"}


def _giver(request: HttpRequest) -> User:
    if not request.user.has_perm("deals.give_lead"):
        raise PermissionDenied
    return person_of(request)


def _partners(user: User) -> Any:
    return Partner.objects.visible_to(user).filter(suspended_at=None).order_by("name")


@require_safe
@login_required
def leads(request: HttpRequest) -> HttpResponse:
    """For the channel roles all leads and what became of them; for a partner's people those it has."""
    gives, membership, now = request.user.has_perm("deals.give_lead"), membership_of(request), timezone.now()
    if not gives and membership is None:
        raise PermissionDenied
    shown = Lead.objects.visible_to(request.user).select_related("partner", "deal").order_by("-given_at", "-pk")
    if not gives and membership is not None:
        shown = shown.filter(partner=membership.partner)
    wanted = request.GET.get("show", "")
    if wanted in LeadState.values:
        shown = shown.filter(state=wanted)
    page = Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page"))
    states = LeadState.choices if gives else [(LeadState.OFFERED, "To answer"), (LeadState.ACCEPTED, "Accepted")]
    choices = [("", "All"), *states]
    context: dict[str, Any] = {
        "page": page,
        "rows": [{"lead": one, "tone": _TONES.get(LeadState(one.state), "neutral")} for one in page],
        "gives": gives,
        "chips": [
            {"label": label, "url": f"?show={value}" if value else "?", "is_current": value == wanted}
            for value, label in choices
        ],
        "newer": f"?show={wanted}&page={page.previous_page_number()}" if page.has_previous() else "",
        "older": f"?show={wanted}&page={page.next_page_number()}" if page.has_next() else "",
    }
    if gives:
        context["total"], context["figures"] = services.lead_figures(since=now - FIGURES_OVER, until=now)
    return render(request, "deals/leads.html", context)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Gives a lead; who is concerned with the customer already is shown before."""
    user, now = _giver(request), timezone.now()
    try:
        version = services.rules_in_force(at=now)
    except services.NoRulesInForce as error:
        return render(request, "deals/engagement.html", {"message": error.message})
    form = LeadForm(request.POST if request.method == "POST" else None, partners=_partners(user), rules=version.rules)
    context: dict[str, Any] = {"form": form, "crumbs": _crumbs()}
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            context["concerned"] = concerned = services.concerned_with(form.draft(), at=now)
            if not concerned or (request.POST.get("seen") and not concerned.is_taken):
                made = services.give_lead(
                    draft=form.draft(),
                    partner=form.cleaned_data["partner"],
                    days=form.cleaned_data["days"],
                    by=user,
                    at=now,
                )
                messages.success(request, f"{made.customer_name} is given to {made.partner.name}.")
                return redirect("deals:lead", made.public_id)
            status = 409 if concerned.is_taken else 200
        except DomainError as error:
            _refuse(form, error)
            status = error.status
    return render(request, "deals/lead_new.html", context, status=status)


def _refuse(form: Form, error: DomainError) -> None:
    field = error.field if isinstance(error, services.BadDeal) and error.field in form.fields else None
    form.add_error(field, error.message)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": "Leads", "url": reverse("deals:leads")}]


def _lead_of(request: HttpRequest, lead_id: UUID) -> Lead:
    """The lead as far as it exists for this person (404)."""
    found = Lead.objects.visible_to(request.user).select_related("partner", "given_by", "deal")
    return get_object_or_404(found, public_id=lead_id)


@require_safe
@login_required
def lead(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """What is known of the customer, what happened to the lead, and what the person can do with it."""
    return _page(request, _lead_of(request, lead_id))


def _page(request: HttpRequest, found: Lead, *, status: int = 200, **forms: Form) -> HttpResponse:
    user, now = person_of(request), timezone.now()
    gives, answers = user.has_perm("deals.give_lead"), user.has_perm("deals.register_deal", found.partner)
    version = EngagementRules.objects.in_force(now)
    context: dict[str, Any] = {
        "lead": found,
        "tone": _TONES.get(LeadState(found.state), "neutral"),
        "country": COUNTRIES.get(found.customer_country, found.customer_country),
        "product": version.rules.product_name(found.product) if version is not None else found.product,
        "gives": gives,
        "answers": answers and found.is_offered and found.expires_at > now,
        "crumbs": _crumbs(),
    }
    if context["answers"] and version is not None:
        context["accept_form"] = forms.get("accept") or _accept_form(found, version)
        context["decline_form"] = forms.get("decline") or DeclineForm()
    if gives:
        moves = found.moves.select_related("by", "partner").order_by("-number")
        context["entries"] = [_entry(one) for one in moves]
        if not found.is_offered and found.deal_id is None:
            context["give_form"] = forms.get("give") or GiveForm(partners=_partners(user))
    return render(request, "deals/lead.html", context, status=status)


def _accept_form(found: Lead, version: EngagementRules, data: Any = None) -> AcceptForm:
    initial = {"value": "", "currency": found.currency or version.rules.currencies[0]}
    if found.value is not None:
        initial["value"] = plain(found.value, found.currency)
    return AcceptForm(data, rules=version.rules, on=timezone.now().date(), initial=initial)


def _entry(move: LeadMove) -> dict[str, str]:
    """A line of the timeline."""
    who = move.by.name if move.by is not None else "By the clock"
    parts = [move.partner.name, who, move.get_reason_display() if move.reason else "", move.text]
    return {
        "title": "Given" if move.to_state == LeadState.OFFERED else move.get_to_state_display(),
        "when": format_date(timezone.localtime(move.at), "j F Y, H:i"),
        "text": ". ".join(part.rstrip(".") for part in parts if part) + ".",
        "tone": _TONES.get(LeadState(move.to_state), "neutral"),
    }


def _answered(request: HttpRequest, lead_id: UUID) -> Lead:
    """The lead, if the person answers for its partner (403)."""
    found = _lead_of(request, lead_id)
    if not request.user.has_perm("deals.register_deal", found.partner):
        raise PermissionDenied
    return found


@login_required
@require_POST
def accept(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Makes the lead a deal of the person's."""
    found, now = _answered(request, lead_id), timezone.now()
    form = _accept_form(found, services.rules_in_force(at=now), request.POST)
    if not form.is_valid():
        return _page(request, found, accept=form)
    try:
        deal = services.accept_lead(lead=found, by=person_of(request), at=now, **form.words())
    except DomainError as error:
        _refuse(form, error)
        return _page(request, _lead_of(request, lead_id), accept=form, status=error.status)
    messages.success(request, f"{found.customer_name} is yours: {deal.get_state_display().lower()}.")
    return redirect("deals:deal", deal.public_id)


@login_required
@require_POST
def decline(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Gives the lead back, with a reason."""
    found = _answered(request, lead_id)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, found, decline=form)
    try:
        services.decline_lead(lead=found, by=person_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{found.customer_name} is given back.")
    return redirect("deals:leads")


@login_required
@require_POST
def give(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Offers a lead that nobody took to another partner."""
    user = _giver(request)
    found = _lead_of(request, lead_id)
    form = GiveForm(request.POST, partners=_partners(user))
    if not form.is_valid():
        return _page(request, found, give=form)
    try:
        services.give_again(lead=found, by=user, at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        _refuse(form, error)
        return _page(request, _lead_of(request, lead_id), give=form, status=error.status)
    messages.success(request, f"{found.customer_name} is given to {form.cleaned_data['partner'].name}.")
    return redirect("deals:lead", lead_id)


@login_required
@require_POST
def recall(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Takes an offered lead back."""
    user = _giver(request)
    try:
        services.recall_lead(lead=_lead_of(request, lead_id), by=user, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("deals:lead", lead_id)
