"""Win stories: found by partners, told by who won, judged by channel marketing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.models import StoryEntry, WinStory
from lms.deals.services.stories import KEPT_DAYS
from lms.deals.services.story_search import WITH_STORY, find_stories
from lms.deals.story_forms import StoryForm, StoryMoveForm
from lms.deals.story_moves import MOVES, StoryState
from lms.deals.views.deal_pages import deal_of
from lms.partners.middleware import membership_of

PAGE_SIZE = 25
TONES = {
    StoryState.PUBLISHED: "accent",
    StoryState.IN_REVIEW: "warn",
    StoryState.TAKEN_DOWN: "danger",
    StoryState.REVOKED: "danger",
}


@require_safe
@login_required
def stories(request: HttpRequest) -> HttpResponse:
    """What is published, with a search; for who judges stories, and for their own partner, the others by state."""
    user, membership, today = person_of(request), membership_of(request), timezone.now().date()
    sees_all = user.has_perm("deals.view_stories")
    if membership is None and not sees_all:
        raise PermissionDenied
    wanted, words = request.GET.get("show", ""), request.GET.get("q", "")[:200]
    if wanted in StoryState.values:
        rows: Any = WinStory.objects.visible_to(user).filter(state=wanted).select_related(*WITH_STORY)
        if not sees_all and membership is not None:
            rows = rows.filter(deal__partner=membership.partner)
        rows = rows.order_by("review_on" if wanted == StoryState.PUBLISHED else "-state_since", "-pk")
    else:
        rows = find_stories(user, words)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    whose = "" if sees_all else "Ours: "
    choices = [("", "To read"), *((value, f"{whose}{label.lower()}") for value, label in StoryState.choices)]
    context = {
        "page": page,
        "rows": [{"story": one, "tone": TONES.get(one.state), "is_overdue": one.is_overdue(today)} for one in page],
        "words": words,
        "by_state": wanted in StoryState.values,
        "chips": [
            {"label": label, "url": f"?show={value}" if value else "?", "is_current": value == wanted}
            for value, label in choices
        ],
        "newer": _page_url(request, page.previous_page_number()) if page.has_previous() else "",
        "older": _page_url(request, page.next_page_number()) if page.has_next() else "",
    }
    return render(request, "deals/stories.html", context)


def _page_url(request: HttpRequest, number: int) -> str:
    query = request.GET.copy()
    query["page"] = str(number)
    return f"?{query.urlencode()}"


def _crumbs() -> list[dict[str, str]]:
    return [{"label": "How deals were won", "url": reverse("deals:stories")}]


def _story_of(request: HttpRequest, story_id: UUID) -> WinStory:
    """The story as far as it exists for this person (404)."""
    found = WinStory.objects.visible_to(request.user)
    found = found.select_related(*WITH_STORY, "deal__registered_by", "author", "owner")
    return get_object_or_404(found, public_id=story_id)


@require_safe
@login_required
def story(request: HttpRequest, story_id: UUID) -> HttpResponse:
    """One story; for its own people and who judges it also the permission, what can be done, and the log."""
    found, user = _story_of(request, story_id), person_of(request)
    context: dict[str, Any] = {"story": found, "crumbs": _crumbs()}
    if user.has_perm("deals.view_stories") or user.has_perm("deals.view_deal", found.deal):
        moves = services.next_story_moves(found, user)
        context |= {
            "is_inside": True,
            "tone": TONES.get(StoryState(found.state)),
            "is_overdue": found.is_overdue(timezone.now().date()),
            "moves": moves,
            "may_see_deal": user.has_perm("deals.view_deal", found.deal),
            "may_edit": found.state == StoryState.DRAFT and user.has_perm("deals.change_deal", found.deal),
            "entries": [_entry(one) for one in found.entries.select_related("by").order_by("-number")],
        }
    return render(request, "deals/story.html", context)


def _entry(entry: StoryEntry) -> dict[str, str]:
    when = format_date(timezone.localtime(entry.at), "j F Y, H:i")
    text = ". ".join(part.rstrip(".") for part in (entry.by.name, entry.text) if part)
    title = entry.get_to_state_display() if entry.from_state != entry.to_state else MOVES[entry.move].label
    return {"title": title, "when": when, "text": f"{text}."}


@login_required
def begin(request: HttpRequest, deal_id: UUID) -> HttpResponse:
    """The three questions about a won deal."""
    deal, user = deal_of(request, deal_id), person_of(request)
    if not user.has_perm("deals.change_deal", deal):
        raise PermissionDenied
    made = WinStory.objects.filter(deal=deal).first()
    if made is not None and request.method != "POST":
        return redirect("deals:story", made.public_id)
    form, status = StoryForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST" and form.is_valid():
        try:
            made = services.begin_story(deal=deal, words=form.words(), by=user, at=timezone.now())
        except DomainError as error:
            _refuse(form, error)
            status = error.status
        else:
            return redirect("deals:story", made.public_id)
    crumbs = [{"label": deal.customer_name, "url": reverse("deals:deal", args=[deal.public_id])}]
    context = {"form": form, "deal": deal, "crumbs": crumbs, "back": crumbs[0]["url"]}
    return render(request, "deals/story_form.html", context, status=status)


def _refuse(form: Form, error: DomainError) -> None:
    field = error.field if isinstance(error, services.BadStory) and error.field in form.fields else None
    form.add_error(field, error.message)


@login_required
def edit(request: HttpRequest, story_id: UUID) -> HttpResponse:
    """Other words for a draft."""
    found, user = _story_of(request, story_id), person_of(request)
    if not user.has_perm("deals.change_deal", found.deal):
        raise PermissionDenied
    form = StoryForm(request.POST) if request.method == "POST" else StoryForm.of(found)
    seen, status = request.POST.get("seen", services.mark_of_story(found)), 200
    if request.method == "POST" and form.is_valid():
        try:
            services.save_story(story=found, words=form.words(), seen=seen, by=user, at=timezone.now())
        except DomainError as error:
            _refuse(form, error)
            status = error.status
        else:
            return redirect("deals:story", found.public_id)
    back = reverse("deals:story", args=[found.public_id])
    context = {"form": form, "deal": found.deal, "seen": seen, "crumbs": _crumbs(), "back": back}
    return render(request, "deals/story_form.html", context, status=status)


@login_required
def move(request: HttpRequest, story_id: UUID, move: str) -> HttpResponse:
    """Asks for the words of a move over the story as it stands, and makes it."""
    found, user, now = _story_of(request, story_id), person_of(request), timezone.now()
    wanted = MOVES.get(move)
    if wanted is None or not wanted.origins:
        raise Http404
    if not services.may_move(found, wanted, user):
        raise PermissionDenied
    form = StoryMoveForm(
        request.POST if request.method == "POST" else None,
        move=wanted,
        review_on=now.date() + timedelta(days=KEPT_DAYS),
    )
    seen, status = request.POST.get("seen", services.mark_of_story(found)), 200
    if request.method == "POST" and form.is_valid():
        try:
            services.move_story(story=found, move=move, by=user, at=now, seen=seen, **form.cleaned_data)
        except DomainError as error:
            if not isinstance(error, services.BadStory | services.WordsMissing):
                messages.error(request, error.message)
                return redirect("deals:story", found.public_id)
            _refuse(form, error)
            status = error.status
        else:
            return redirect("deals:story", found.public_id)
    context = {"story": found, "move": wanted, "form": form, "seen": seen, "crumbs": _crumbs()}
    return render(request, "deals/story_move.html", context, status=status)
