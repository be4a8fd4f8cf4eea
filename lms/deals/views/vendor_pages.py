"""What the vendor's channel roles see and do: the queue, precedents, own customers."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.forms import AccountForm
from lms.deals.models import Deal, OverlapComparison, VendorAccount
from lms.deals.views.deal_pages import tone_of

PAGE_SIZE = 50


def _require(request: HttpRequest, permission: str) -> User:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    return person_of(request)


@require_safe
@login_required
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, the most urgent first, with the promise and how it is kept."""
    user, now = _require(request, "deals.view_queue"), timezone.now()
    waiting = Deal.objects.visible_to(user).waiting().select_related("partner", "rules", "registered_by")
    shown = Paginator(waiting.order_by("answer_due_at", "pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [
        {"deal": deal, "is_late": deal.is_late(now), "tone": "danger" if deal.is_late(now) else tone_of(deal.state)}
        for deal in shown
    ]
    ending = Deal.objects.visible_to(user).protected().filter(protected_until__lte=now.date() + timedelta(days=14))
    context = {
        "rows": rows,
        "page": shown,
        "may_manage_crm": user.has_perm("deals.manage_crm"),
        "overlaps_waiting": OverlapComparison.objects.visible_to(user).waiting(now.date()).count(),
        "late": waiting.filter(answer_due_at__lt=now).count(),
        "median": services.recent_median_answer(at=now),
        "ending": ending.select_related("partner").order_by("protected_until", "pk")[:10],
        "newer": f"?page={shown.previous_page_number()}" if shown.has_previous() else "",
        "older": f"?page={shown.next_page_number()}" if shown.has_next() else "",
    }
    return render(request, "deals/queue.html", context)


@require_safe
@login_required
def precedents(request: HttpRequest) -> HttpResponse:
    """Earlier decisions of people on conflicts and disputes."""
    _require(request, "deals.view_queue")
    text, clause = request.GET.get("q", "")[:100], request.GET.get("clause", "")[:5]
    shown = Paginator(services.precedents(text=text, clause=clause), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [{"move": move, "clause": move.deal.rules.rules.clause(move.clause)} for move in shown]
    return render(request, "deals/precedents.html", {"rows": rows, "q": text, "clause": clause})


@login_required
def accounts(request: HttpRequest, account_id: UUID | None = None) -> HttpResponse:
    """The vendor's own customers, and a form for one of them."""
    user = _require(request, "deals.manage_accounts")
    account = None if account_id is None else get_object_or_404(VendorAccount, public_id=account_id)
    fields = ("name", "domain", "country", "relation", "since_on", "lost_on", "seller")
    initial = {} if account is None else {name: getattr(account, name) for name in fields}
    form = AccountForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            row = services.save_account(account=account, by=user, at=timezone.now(), **form.cleaned_data)
        except services.BadDeal as error:
            form.add_error(error.field, error.message)
            status = error.status
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, f"{row.name} is saved.")
            return redirect("deals:accounts")
    listed = VendorAccount.objects.select_related("seller").order_by("name", "pk")
    shown = Paginator(listed, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": shown, "form": form, "account": account}
    return render(request, "deals/accounts.html", context, status=status)
