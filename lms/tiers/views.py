"""Pages on tiers: the log of decisions, one decision explained, one requirement opened."""

import logging
from itertools import pairwise
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.common.errors import DomainError
from lms.partners.models import Membership, Partner
from lms.tiers import services
from lms.tiers.models import Decision

PAGE_SIZE = 25

logger = logging.getLogger("laurel.tiers")


def _partner(request: HttpRequest, partner_id: UUID) -> Partner:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), public_id=partner_id)
    if not request.user.has_perm("tiers.view_decision", partner):
        raise PermissionDenied
    return partner


def _crumbs(partner: Partner) -> list[dict[str, str]]:
    return [{"label": partner.name, "url": reverse("portal:partner", args=[partner.public_id])}]


@require_safe
@login_required
def decisions(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """The partner's decisions, newest first, each with what moved."""
    partner = _partner(request, partner_id)
    log = Decision.objects.visible_to(request.user).filter(partner=partner).with_acts()
    log = log.select_related("tier", "version")
    page = Paginator(log.order_by("-number"), PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page)
    older = log.filter(number=shown[-1].number - 1).first() if shown else None
    entries = [
        {
            "title": decision.tier.name,
            "when": format_date(decision.decided_at, "j F Y, H:i"),
            "text": "; ".join(services.changes(before, decision)) + ".",
            "tone": _tone(before, decision),
            "url": reverse("tiers:decision", args=[partner.public_id, decision.number]),
        }
        for decision, before in pairwise([*shown, older])
        if decision is not None
    ]
    context = {
        "partner": partner,
        "entries": entries,
        "newer": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "older": f"?page={page.next_page_number()}" if page.has_next() else "",
        "crumbs": _crumbs(partner),
    }
    return render(request, "tiers/decisions.html", context)


def _tone(before: Decision | None, decision: Decision) -> str:
    if before is None or before.tier_id == decision.tier_id:
        return "neutral"
    return "gold" if decision.tier.rank > before.tier.rank else "warn"


@require_safe
@login_required
def decision(request: HttpRequest, partner_id: UUID, number: int) -> HttpResponse:
    """Why the partner has this tier: rules, requirements, people, inputs with their source, evidence, and the check."""
    partner = _partner(request, partner_id)
    log = Decision.objects.visible_to(request.user).filter(partner=partner).for_verification()
    found = get_object_or_404(log.select_related("version__published_by"), number=number)
    context = {
        "partner": partner,
        "decision": found,
        "ruling": found.result["ruling"],
        "tiers": _in_reading_order(services.explain(decision=found, viewer=request.user)),
        "verification": services.verify(found),
        "may_see_evidence": request.user.has_perm("tiers.view_evidence", found),
        "acts": services.told_acts(found, viewer=request.user),
        "may_appeal": request.user.has_perm("tiers.raise_appeal", found),
        "appeals": found.appeals.select_related("tier").order_by("raised_at")
        if request.user.has_perm("tiers.view_acts", found)
        else [],
        "is_newest": not log.filter(number=number + 1).exists(),
        "crumbs": [
            *_crumbs(partner),
            {"label": "Decisions", "url": reverse("tiers:decisions", args=[partner.public_id])},
        ],
    }
    return render(request, "tiers/decision.html", context)


@require_safe
@login_required
def decision_paper(request: HttpRequest, partner_id: UUID, number: int) -> HttpResponse:
    """The decision as a signed PDF, with the names that the person may see."""
    partner = _partner(request, partner_id)
    log = Decision.objects.visible_to(request.user).filter(partner=partner).for_verification()
    found = get_object_or_404(log, number=number)
    try:
        content = services.decision_pdf(decision=found, viewer=request.user, at=timezone.now())
    except DomainError as error:  # the key is missing or has ended: the decision stands
        logger.warning("The paper of decision %s is not handed out: %s", found.public_id, error.message)
        messages.error(request, f"{error.message} The decision stands as this page shows it.")
        return redirect("tiers:decision", partner.public_id, number)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{partner.slug}-decision-{number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


def _in_reading_order(tiers: tuple[services.ExplainedTier, ...]) -> list[services.ExplainedTier]:
    """The tier held, those above it from the next one on, then those below; none that asks for nothing but the held."""
    held = next((index for index, tier in enumerate(tiers) if tier.is_held), 0)
    below = [tier for tier in reversed(tiers[:held]) if tier.requirements]
    return [*tiers[held:], *below]


@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    """The rules in force, for everybody: made from the rules, so it can't say anything else."""
    try:
        found = services.published_programme(at=timezone.now())
    except services.NoProgrammeInForce as error:
        raise Http404(error.message) from error
    return render(request, "tiers/programme.html", {"programme": found})


MAX_TICKS = 2000


@require_safe
@login_required
def way(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """The cheapest way to the next tier, and what the people and exams ticked (`earn`) would lead to.

    Changes nothing. htmx asks for the answer alone.
    """
    partner = _partner(request, partner_id)
    if not request.user.has_perm("tiers.plan_way", partner):
        raise PermissionDenied
    try:
        found = services.way_to_next(partner=partner, ticked=request.GET.getlist("earn")[:MAX_TICKS], at=timezone.now())
    except services.NoProgrammeInForce as error:
        raise Http404(error.message) from error
    context = {"partner": partner, "way": found, "crumbs": _crumbs(partner)}
    is_fragment = request.headers.get("HX-Request") == "true" and found is not None
    return render(request, "tiers/_what_if.html" if is_fragment else "tiers/way.html", context)


@require_safe
@login_required
def requirement(request: HttpRequest, partner_id: UUID, requirement_id: str) -> HttpResponse:
    """Who counts for a requirement, who nearly does, what is missing. Members see themselves, managers everybody."""
    partner = _partner(request, partner_id)
    try:
        view = services.requirement_view(partner=partner, requirement=requirement_id, at=timezone.now())
    except services.NoProgrammeInForce as error:
        raise Http404(error.message) from error
    if view is None:
        raise Http404("No such requirement")
    visible = set(Membership.objects.visible_to(request.user).filter(partner=partner).values_list("pk", flat=True))
    counted = [one for one in view.counted if one.membership.pk in visible]
    context = {
        "partner": partner,
        "view": view,
        "counted": counted,
        "hidden": len(view.counted) - len(counted),
        "candidates": [one for one in view.candidates if one.membership.pk in visible],
        "may_see_evidence": request.user.has_perm("tiers.view_evidence", partner),
        "crumbs": _crumbs(partner),
    }
    return render(request, "tiers/requirement.html", context)
