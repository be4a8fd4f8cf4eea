"""One deal: what it is, what happened, what can be done next; comments and tasks. For both sides."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.countries import COUNTRIES
from lms.deals.forms import CommentForm, MoveForm, SellerForm, TaskForm
from lms.deals.models import Deal, DealMove, Task, WinStory
from lms.deals.moves import MOVES, Move, State, Words
from lms.deals.services.figures import recent_median_answer
from lms.deals.services.story_search import stories_for
from lms.deals.table import Side

SHOWN_STORIES = 3
_TONES = {
    State.APPROVED: "accent",
    State.EXTENDED: "accent",
    State.WON: "gold",
    State.REJECTED: "danger",
    State.LOST: "danger",
    State.IN_CONFLICT: "warn",
    State.DISPUTED: "warn",
    State.INFO_NEEDED: "warn",
}


def tone_of(state: str) -> str:
    return _TONES.get(State(state), "neutral")


def deal_of(request: HttpRequest, deal_id: UUID) -> Deal:
    """The deal as far as it exists for this person (404)."""
    deals = Deal.objects.visible_to(request.user).select_related(
        "partner__channel_manager", "registered_by", "rules", "approved_by", "seller", "neutral_credit_by"
    )
    return get_object_or_404(deals, public_id=deal_id)


@require_safe
@login_required
def deal(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """The page of one deal."""
    return _page(request, deal_of(request, deal_id))


def _page(
    request: HttpRequest, found: Deal, *, comment_form: Any = None, task_form: Any = None, status: int = 200
) -> HttpResponse:
    person, now = person_of(request), timezone.now()
    sides = services.sides_of(person, found)
    rules = found.rules.rules
    history = found.moves.select_related("by").order_by("-number")
    context: dict[str, Any] = {
        "deal": found,
        "tone": tone_of(found.state),
        "country": COUNTRIES.get(found.customer_country, found.customer_country),
        "clause": rules.clause(found.clause),
        "level": rules.level(found.level) if found.level else None,
        "moves": services.next_moves(deal=found, person=person),
        "entries": [_entry(one, found) for one in history],
        "comments": found.comments.select_related("author").order_by("written_at", "pk"),
        "tasks": found.tasks.select_related("added_by", "done_by").order_by("done_at", "due_on", "pk"),
        "may_write": bool(sides),
        "comment_form": comment_form or CommentForm(),
        "task_form": task_form or TaskForm(),
        "is_late": found.is_late(now),
        "days_left": found.days_left(now.date()),
        "extension_days": rules.extension_days,
        "median": recent_median_answer(at=now),
        "policy": rules.neutral_credit,
        "today": now.date(),
        "crumbs": [{"label": "Deals", "url": reverse("deals:mine")}],
    }
    if found.state == State.WON:
        context["story"] = WinStory.objects.filter(deal=found).first()
        context["may_tell"] = services.may_begin(found, person)
    elif found.is_protected:
        context["others"] = stories_for(found, person)[:SHOWN_STORIES]
    if Side.VENDOR in sides:
        context["may_credit"] = bool(rules.neutral_credit)
        context["seller_form"] = SellerForm(initial={"seller": found.seller_id})
    return render(request, "deals/deal.html", context, status=status)


def _entry(move: DealMove, found: Deal) -> dict[str, str]:
    """A line of the timeline: what, when, who and why, with the clause."""
    clause = found.rules.rules.clause(move.clause) if move.clause else None
    who = move.by.name if move.by is not None else "By the rules"
    parts = [who, move.get_reason_display() if move.reason else "", move.text]
    if clause is not None and move.text != clause.title:
        parts.append(f"Clause {clause.id}: {clause.title}")
    elif clause is not None:
        parts.append(f"Clause {clause.id}")
    return {
        "title": move.label,
        "when": format_date(timezone.localtime(move.at), "j F Y, H:i"),
        "text": ". ".join(part.rstrip(".") for part in parts if part) + ".",
        "tone": tone_of(move.to_state),
    }


def _wanted(found: Deal, name: str) -> Move:
    """The move of the address; 404 for none, 409 on the page for one that does not start here."""
    move = MOVES.get(name)
    if move is None or not move.origins:
        raise Http404
    return move


@login_required
def move(request: HttpRequest, deal_id: UUID, move: str) -> HttpResponse:
    """Asks for the words of a move, and makes it. A move without words is made by its button at once."""
    found = deal_of(request, deal_id)
    wanted = _wanted(found, move)
    if not services.sides_of(person_of(request), found) & wanted.sides:
        raise PermissionDenied
    is_conflict = bool(found.level) and move in {"settle", "reject"}
    form = MoveForm(request.POST if request.method == "POST" else None, move=wanted, is_conflict=is_conflict)
    status = 200
    is_bare = wanted.words == Words.NONE and not is_conflict
    if request.method == "POST" and (is_bare or form.is_valid()):
        try:
            words = {} if is_bare else form.cleaned_data
            services.move_deal(deal=found, move=move, by=person_of(request), at=timezone.now(), **words)
        except DomainError as error:
            if is_bare:
                messages.error(request, error.message)
                return redirect("deals:deal", deal_id=deal_id)
            form.add_error(None, error.message)
            status = error.status
        else:
            return redirect("deals:deal", deal_id=deal_id)
    context = {
        "deal": found,
        "move": wanted,
        "form": None if is_bare else form,
        "clause": found.rules.rules.clause(found.clause) if is_conflict else None,
        "kind": "danger" if wanted.target in {State.REJECTED, State.WITHDRAWN} else "primary",
    }
    return render(request, "deals/move.html", context, status=status)


@login_required
@require_POST
def comment(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """Says something to the other side."""
    found = _writable(request, deal_id)
    form, status = CommentForm(request.POST), 200
    if form.is_valid():
        try:
            services.add_comment(deal=found, text=form.cleaned_data["text"], by=person_of(request), at=timezone.now())
        except DomainError as error:
            form.add_error("text", error.message)
            status = error.status
        else:
            return redirect(f"{reverse('deals:deal', args=[deal_id])}#comments")
    return _page(request, found, comment_form=form, status=status)


@login_required
@require_POST
def task(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """Adds a task."""
    found = _writable(request, deal_id)
    form = TaskForm(request.POST)
    if form.is_valid():
        services.add_task(deal=found, by=person_of(request), at=timezone.now(), **form.cleaned_data)
        return redirect(f"{reverse('deals:deal', args=[deal_id])}#tasks")
    return _page(request, found, task_form=form)


@login_required
@require_POST
def task_done(request: HttpRequest, deal_id: UUID, task_id: UUID) -> HttpResponse:
    """Marks a task done."""
    found = _writable(request, deal_id)
    wanted = get_object_or_404(Task.objects.select_related("deal"), deal=found, public_id=task_id)
    services.finish_task(task=wanted, by=person_of(request), at=timezone.now())
    return redirect(f"{reverse('deals:deal', args=[deal_id])}#tasks")


def _writable(request: HttpRequest, deal_id: UUID) -> Deal:
    """The deal, if the person acts for one of its sides (403)."""
    found = deal_of(request, deal_id)
    if not services.sides_of(person_of(request), found):
        raise PermissionDenied
    return found


@login_required
@require_POST
def seller(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """Writes down who of the vendor has quota in the deal."""
    found = deal_of(request, deal_id)
    if not request.user.has_perm("deals.review_deal", found):
        raise PermissionDenied
    form = SellerForm(request.POST)
    if form.is_valid():
        try:
            services.name_seller(
                deal=found, seller=form.cleaned_data["seller"], by=person_of(request), at=timezone.now()
            )
        except DomainError as error:
            messages.error(request, error.message)
    return redirect("deals:deal", deal_id=deal_id)


@login_required
@require_POST
def neutral_credit(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """Writes down that the vendor's seller is credited neutrally, or not any more."""
    found = deal_of(request, deal_id)
    if not request.user.has_perm("deals.review_deal", found):
        raise PermissionDenied
    is_neutral = request.POST.get("neutral") == "yes"
    try:
        services.credit_neutrally(deal=found, is_neutral=is_neutral, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("deals:deal", deal_id=deal_id)
