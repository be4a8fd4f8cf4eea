"""Pages on what people decide about tiers: invitations, cure plans, the end of a kept tier, appeals."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.common.files import send_file
from lms.partners.models import Partner
from lms.tiers import services
from lms.tiers.forms import AppealForm, CurePlanForm, InvitationForm, ReasonForm, RulingForm
from lms.tiers.models import Appeal, Decision, ProgrammeVersion, TierAct


def _partner(request: HttpRequest, partner_id: UUID, permission: str) -> Partner:
    partner = get_object_or_404(Partner.objects.visible_to(person_of(request)), public_id=partner_id)
    if not request.user.has_perm(permission, partner):
        raise PermissionDenied
    return partner


def _crumbs(partner: Partner) -> list[dict[str, str]]:
    return [
        {"label": partner.name, "url": reverse("portal:partner", args=[partner.public_id])},
        {"label": "Tier agreements", "url": reverse("tiers:acts", args=[partner.public_id])},
    ]


def _tiers(*, by_invitation: bool | None = None) -> list[str]:
    """Slugs of the tiers in force; those by invitation, or the others, when asked for."""
    version = ProgrammeVersion.objects.select_related("programme").in_force(timezone.now())
    if version is None:
        raise Http404("No partner programme is in force yet.")
    tiers = services.rules_of(version).tiers
    return [tier.id for tier in tiers if by_invitation is None or tier.invitation_only == by_invitation]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def acts(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Everything people decided about the partner's tier; who may decide finds the forms here."""
    partner = _partner(request, partner_id, "tiers.view_acts")
    may_decide = request.user.has_perm("tiers.decide", partner)
    if request.method == "POST" and not may_decide:
        raise PermissionDenied
    by_invitation = _tiers(by_invitation=True)
    what = request.POST.get("what", "")
    invite = InvitationForm(request.POST if what == "invite" else None, tiers=by_invitation)
    plan = CurePlanForm(request.POST if what == "plan" else None, tiers=_tiers()[1:])
    if request.method == "POST" and _decided(partner, person_of(request), what, invite, plan):
        messages.success(request, "It stands in the decision log.")
        return redirect("tiers:acts", partner.public_id)
    decided = TierAct.objects.visible_to(request.user).filter(partner=partner).select_related("tier", "decided_by")
    newest = partner.decisions.order_by("-number").first()
    context = {
        "partner": partner,
        "acts": decided.order_by("-decided_at", "-pk"),
        "appeals": Appeal.objects.visible_to(request.user)
        .filter(partner=partner)
        .select_related("tier", "ruled_by", "raised_by")
        .order_by("-raised_at"),
        "today": timezone.now().date(),
        "may_decide": may_decide,
        "invite": invite if by_invitation else None,
        "plan": plan,
        "end": ReasonForm(),
        "is_kept": newest is not None and newest.result["ruling"].get("kept_since") is not None,
        "crumbs": _crumbs(partner)[:1],
    }
    is_refused = request.method == "POST"
    return render(request, "tiers/acts.html", context, status=400 if is_refused else 200)


def _decided(partner: Partner, by: User, what: str, invite: InvitationForm, plan: CurePlanForm) -> bool:
    """Whether the posted form was valid and the service took it; a refusal stands in the form."""
    form = {"invite": invite, "plan": plan}.get(what)
    if form is None or not form.is_valid():
        return False
    cleaned = form.cleaned_data
    common = {"partner": partner, "by": by, "at": timezone.now(), "tier": cleaned["tier"]}
    try:
        if what == "invite":
            services.invite_to_tier(**common, reason=cleaned["reason"], until=cleaned["until"])
        else:
            services.agree_cure_plan(**common, reason=cleaned["reason"], until=cleaned["until"], steps=cleaned["steps"])
    except DomainError as error:
        form.add_error(None, error.message)
        return False
    return True


def _act(request: HttpRequest, partner_id: UUID, act_id: UUID) -> TierAct:
    partner = _partner(request, partner_id, "tiers.decide")
    found = TierAct.objects.visible_to(request.user).filter(partner=partner)
    return get_object_or_404(found.select_related("partner"), public_id=act_id)


def _done(request: HttpRequest, partner_id: UUID, work: Callable[[], object], words: str) -> HttpResponse:
    """Does it, says so or why not, and goes back to the page."""
    try:
        work()
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, words)
    return redirect("tiers:acts", partner_id)


@require_POST
@login_required
def act_end(request: HttpRequest, partner_id: UUID, act_id: UUID) -> HttpResponse:
    """Ends an invitation or a cure plan now."""
    act = _act(request, partner_id, act_id)
    reason = request.POST.get("reason", "")[:1000]
    return _done(
        request,
        partner_id,
        lambda: services.end_act(act=act, reason=reason, by=person_of(request), at=timezone.now()),
        "It has ended.",
    )


@require_POST
@login_required
def act_step(request: HttpRequest, partner_id: UUID, act_id: UUID, number: int) -> HttpResponse:
    """Marks a step of a cure plan as done."""
    act = _act(request, partner_id, act_id)
    if act.kind != TierAct.Kind.PLAN:
        raise Http404("No such plan")
    return _done(
        request,
        partner_id,
        lambda: services.finish_step(plan=act, number=number, by=person_of(request), at=timezone.now()),
        "The step is done.",
    )


@require_POST
@login_required
def end_tier(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Ends a tier that is only kept."""
    partner = _partner(request, partner_id, "tiers.decide")
    reason = request.POST.get("reason", "")[:1000]
    return _done(
        request,
        partner_id,
        lambda: services.end_kept_tier(partner=partner, reason=reason, by=person_of(request), at=timezone.now()),
        "The tier has ended.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def appeal_new(request: HttpRequest, partner_id: UUID, number: int) -> HttpResponse:
    """A manager of the partner objects to a decision."""
    partner = _partner(request, partner_id, "tiers.raise_appeal")
    decisions = Decision.objects.visible_to(request.user).filter(partner=partner)
    decision = get_object_or_404(decisions.select_related("partner", "tier"), number=number)
    is_posted = request.method == "POST"
    form = AppealForm(request.POST if is_posted else None, request.FILES if is_posted else None, tiers=_tiers()[1:])
    if is_posted and form.is_valid():
        file = form.cleaned_data["evidence"]
        try:
            made = services.raise_appeal(
                decision=decision,
                tier=form.cleaned_data["tier"],
                text=form.cleaned_data["text"],
                evidence=file.read(services.MAX_EVIDENCE_BYTES + 1) if file else b"",
                evidence_name=file.name if file else "",
                by=person_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "The appeal is raised. Somebody who did not decide before will rule on it.")
            return redirect("tiers:appeal", partner.public_id, made.public_id)
    context = {"partner": partner, "decision": decision, "form": form, "crumbs": _crumbs(partner)}
    return render(request, "tiers/appeal_new.html", context, status=400 if form.errors else 200)


def _appeal(request: HttpRequest, partner_id: UUID, appeal_id: UUID) -> Appeal:
    partner = _partner(request, partner_id, "tiers.view_acts")
    found = Appeal.objects.visible_to(request.user).filter(partner=partner)
    return get_object_or_404(
        found.select_related("partner", "decision__tier", "tier", "raised_by", "ruled_by"), public_id=appeal_id
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def appeal(request: HttpRequest, partner_id: UUID, appeal_id: UUID) -> HttpResponse:
    """One appeal; who may rule on it finds the form here while it is open."""
    found = _appeal(request, partner_id, appeal_id)
    may_rule = request.user.has_perm("tiers.rule_on_appeal", found)
    form = RulingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not may_rule:
            raise PermissionDenied
        if form.is_valid():
            try:
                services.rule_on_appeal(appeal=found, **form.cleaned_data, by=person_of(request), at=timezone.now())
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "The ruling stands in the decision log.")
                return redirect("tiers:appeal", partner_id, appeal_id)
    context = {
        "partner": found.partner,
        "appeal": found,
        "form": form if may_rule and found.ruled_at is None else None,
        "crumbs": _crumbs(found.partner),
    }
    return render(request, "tiers/appeal.html", context, status=400 if form.errors else 200)


@require_safe
@login_required
def appeal_evidence(request: HttpRequest, partner_id: UUID, appeal_id: UUID) -> HttpResponseBase:
    """The file of an appeal: to download, for those who see the appeal."""
    found = _appeal(request, partner_id, appeal_id)
    if not found.evidence:
        raise Http404("There is no file.")
    return send_file(
        request,
        found.evidence,
        content_type="application/octet-stream",
        filename=found.evidence_name or "evidence",
        inline=False,
    )
