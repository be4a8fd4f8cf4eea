"""What a partner's people see and do: register, follow, answer, accept the rules."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import rules_changes, services
from lms.deals.forms import DealForm
from lms.deals.models import Deal
from lms.deals.moves import OPEN, State
from lms.deals.services import Likeness, Similar
from lms.partners.middleware import membership_of
from lms.partners.models import Membership, Partner

PAGE_SIZE = 25
# The question whether a customer is registered can be put by a program too: so often in a minute by one person.
CHECKS_PER_MINUTE = 40
SHOWN = {"open": "Open", "closed": "Ended", "all": "All"}


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """The deals of the person's partner; who looks after partners is led to what waits for an answer."""
    membership = membership_of(request)
    if membership is None and request.user.has_perm("deals.view_queue"):
        return redirect("deals:queue")
    wanted = request.GET.get("show", "open")
    wanted = wanted if wanted in SHOWN else "open"
    deals = Deal.objects.none()
    if membership is not None:
        deals = Deal.objects.visible_to(request.user).filter(partner=membership.partner)
    if wanted != "all":
        deals = deals.filter(state__in=OPEN if wanted == "open" else set(State) - OPEN)
    page = Paginator(deals.select_related("registered_by", "rules").order_by("-registered_at", "-pk"), PAGE_SIZE)
    shown = page.get_page(request.GET.get("page"))
    context = {
        "page": shown,
        "today": timezone.now().date(),
        "chips": [{"label": label, "url": f"?show={key}", "is_current": key == wanted} for key, label in SHOWN.items()],
        "shown": wanted,
        "membership": membership,
        "may_import": membership is not None and request.user.has_perm("deals.import_deals", membership.partner),
        "newer": f"?show={wanted}&page={shown.previous_page_number()}" if shown.has_previous() else "",
        "older": f"?show={wanted}&page={shown.next_page_number()}" if shown.has_next() else "",
    }
    return render(request, "deals/mine.html", context)


def _own_membership(request: HttpRequest) -> Membership:
    """For which partner the person registers; 403 for who belongs to none."""
    membership = membership_of(request)
    if membership is None or not request.user.has_perm("deals.register_deal", membership.partner):
        raise PermissionDenied
    return membership


@login_required
def register(request: HttpRequest) -> HttpResponse:
    """The form; before it is taken, what might be registered already is shown once."""
    membership, now = _own_membership(request), timezone.now()
    partner = membership.partner
    try:
        version = services.rules_for(partner=partner, at=now)
    except DomainError as error:
        return _closed(request, membership, error)
    gate = services.gate(partner=partner, rules=version.rules, at=now)
    if not gate.is_open:
        return render(request, "deals/closed.html", {"gate": gate, "partner": partner})
    form = DealForm(
        request.POST if request.method == "POST" else None, rules=version.rules, on=now.date(), country=partner.country
    )
    context: dict[str, Any] = {"form": form, "rules": version.rules, "version": version, "partner": partner}
    context |= {"request_key": _request_key(request), "median": services.recent_median_answer(at=now)}
    status = 200
    if request.method == "POST" and form.is_valid():
        deal, status = _taken(request, membership, form, context)
        if deal is not None:
            messages.success(request, _said(deal))
            return redirect("deals:deal", deal_id=deal.public_id)
    return render(request, "deals/register.html", context, status=status)


def _taken(
    request: HttpRequest, membership: Membership, form: DealForm, context: dict[str, Any]
) -> tuple[Deal | None, int]:
    """The deal; or None with a status: of a refusal, which is written to its field, or because what is similar has to
    be seen first. What is similar is told of a form that could be taken only, and so often in a minute.
    """
    if _asks_too_often(request):
        form.add_error(None, "You have checked many customers in a minute. Wait a minute and send it again.")
        return None, 429
    partner, draft, now = membership.partner, form.draft(), timezone.now()
    try:
        services.read_draft(draft, rules=context["rules"], on=now.date())
        context["similar"] = _similar(request, membership, form.cleaned_data)
        likeness = context["similar"].likeness
        if likeness != Likeness.NONE and request.POST.get("seen") != likeness:
            return None, 200
        key = context["request_key"]
        return services.register_deal(partner=partner, by=person_of(request), draft=draft, request_key=key, at=now), 200
    except services.BadDeal as error:
        form.add_error(error.field, error.message)
        return None, error.status
    except DomainError as error:
        form.add_error(None, error.message)
        return None, error.status


def _said(deal: Deal) -> str:
    if deal.state == State.APPROVED:
        return f"{deal.customer_name} is registered and approved at once, by the rules."
    if deal.state == State.IN_CONFLICT:
        return f"{deal.customer_name} is in conflict review: somebody else is concerned with this customer."
    if deal.state == State.REJECTED:
        return f"{deal.customer_name} was not accepted, by the rules. The clause stands below."
    return f"{deal.customer_name} is registered."


def _closed(request: HttpRequest, membership: Membership, error: DomainError) -> HttpResponse:
    """Why nothing can be registered now, and who can change it."""
    context = {
        "message": error.message,
        "partner": membership.partner,
        "may_accept": request.user.has_perm("deals.accept_rules", membership.partner),
        "has_rules": not isinstance(error, services.NoRulesInForce),
    }
    return render(request, "deals/closed.html", context)


def _request_key(request: HttpRequest) -> UUID:
    """The key of the form that was sent, or a new one."""
    try:
        return UUID(request.POST.get("request_key", ""))
    except ValueError:
        return uuid4()


def _similar(request: HttpRequest, membership: Membership, data: dict[str, Any]) -> Similar:
    return services.find_similar(
        partner=membership.partner,
        name=data["customer_name"],
        domain=data["customer_domain"],
        country=data["customer_country"],
        product=data["product"],
    )


@require_safe
@login_required
def similar(request: HttpRequest) -> HttpResponse:
    """A fragment for the form, while it is filled in: whether a customer like this is registered already."""
    membership = _own_membership(request)
    if _asks_too_often(request):
        return render(request, "deals/_similar.html", {"is_too_often": True}, status=429)
    data = {
        name: request.GET.get(name, "")[:200]
        for name in ("customer_name", "customer_domain", "customer_country", "product")
    }
    return render(request, "deals/_similar.html", {"similar": _similar(request, membership, data)})


def _asks_too_often(request: HttpRequest) -> bool:
    """Counted in the cache; one that is down lets through."""
    key = f"deals.similar.{person_of(request).pk}.{_this_minute()}"
    try:
        cache.add(key, 0, 120)
        return cache.incr(key) > CHECKS_PER_MINUTE
    except Exception:
        return False


def _this_minute() -> int:
    return int(timezone.now().timestamp()) // 60


@login_required
def engagement(request: HttpRequest) -> HttpResponse:
    """The rules of engagement in force; a partner's manager accepts them here."""
    membership, now = membership_of(request), timezone.now()
    if membership is None and not request.user.has_perm("deals.view_queue"):
        raise PermissionDenied
    try:
        version = services.rules_in_force(at=now)
    except services.NoRulesInForce as error:
        return render(request, "deals/engagement.html", {"message": error.message})
    if request.method == "POST":
        return _accept(request, membership, now)
    context: dict[str, Any] = {"version": version, "rules": version.rules, "cycle": services.median_cycle(at=now)}
    if membership is not None:
        context["standing"] = standing = services.standing(partner=membership.partner, at=now)
        context["partner"] = membership.partner
        context["may_accept"] = request.user.has_perm("deals.accept_rules", membership.partner)
        context |= _news(standing, membership.partner, now)
    return render(request, "deals/engagement.html", context)


def _accept(request: HttpRequest, membership: Membership | None, now: datetime) -> HttpResponse:
    """Accepts the version that was read: another one may have come into force since."""
    if membership is None or not request.user.has_perm("deals.accept_rules", membership.partner):
        raise PermissionDenied
    found = [one for one in services.acceptable(at=now) if str(one.number) == request.POST.get("version")]
    if not found:
        messages.error(request, "This version can be accepted no more: another one is in force. Read what changes.")
        return redirect("deals:engagement")
    try:
        services.accept_rules(version=found[0], partner=membership.partner, by=person_of(request), at=now)
    except DomainError as error:  # withdrawn since the look
        messages.error(request, error.message)
    else:
        messages.success(request, f"Version {found[0].number} is accepted for {membership.partner.name}.")
    return redirect("deals:engagement")


def _news(standing: services.Standing, partner: Partner, now: datetime) -> dict[str, Any]:
    """What the version in force changes against the one the partner accepted last, and what those to come will."""
    context: dict[str, Any] = {}
    if standing.accepted is not None and not standing.is_current:
        context["changes"] = rules_changes.changes(standing.accepted.version.rules, standing.in_force.rules)
    accepted = set(partner.deal_acceptances.values_list("version", flat=True))
    before, upcoming = standing.in_force, []
    for one in services.acceptable(at=now)[1:]:
        changes = rules_changes.changes(before.rules, one.rules)
        upcoming.append({"version": one, "changes": changes, "is_accepted": one.pk in accepted})
        before = one
    return context | {"upcoming": upcoming}
