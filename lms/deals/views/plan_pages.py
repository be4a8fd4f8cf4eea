"""Joint plans: the list, beginning one, and its page."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import F, Min, Q, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lms.accounts.models import User
from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.models import EngagementRules, JointPlan, PlanEntry
from lms.deals.plan_forms import ActionForm, ActivityForm, HoldForm, ObjectiveForm, ReviewForm, StartForm
from lms.partners.middleware import membership_of
from lms.partners.models import Partner

PAGE_SIZE = 50


@require_safe
@login_required
def plans(request: HttpRequest) -> HttpResponse:
    """The plans of the person's partner; for channel roles all. Those with the earliest open review first."""
    user, membership, today = person_of(request), membership_of(request), timezone.now().date()
    found = JointPlan.objects.visible_to(user)
    if membership is not None:
        found = found.filter(partner=membership.partner)
    elif not user.has_perm("deals.view_queue"):
        raise PermissionDenied
    next_review = Min("reviews__due_on", filter=Q(reviews__held_at=None, ended_at=None))
    rows = found.select_related("partner").annotate(next_review=next_review)
    rows = rows.order_by(F("next_review").asc(nulls_last=True), "-pk")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "today": today,
        "is_all": membership is None,
        "may_start": membership is None or user.has_perm("deals.write_plan", membership.partner),
        "newer": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "older": f"?page={page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "deals/plans.html", context)


def _with_whom(request: HttpRequest) -> QuerySet[Partner] | Partner:
    """Whose plan the person may begin: his own partner's, or for channel roles any; 403 for others."""
    user, membership = person_of(request), membership_of(request)
    if membership is not None and user.has_perm("deals.write_plan", membership.partner):
        return membership.partner
    if membership is None and user.has_perm("deals.view_queue"):
        return Partner.objects.visible_to(user).filter(suspended_at=None).order_by("name")
    raise PermissionDenied


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Begins a plan from a template."""
    whom, now = _with_whom(request), timezone.now()
    partners = None if isinstance(whom, Partner) else whom
    form = StartForm(request.POST if request.method == "POST" else None, partners=partners, on=now.date())
    status = 200
    if request.method == "POST" and form.is_valid():
        words = dict(form.cleaned_data)
        try:
            plan = services.start_plan(
                partner=words.pop("partner", whom), by=person_of(request), request_key=_key(request), at=now, **words
            )
        except DomainError as error:
            refuse(form, error)
            status = error.status
        else:
            messages.success(request, "The plan has begun. Change what does not fit.")
            return redirect("deals:plan", plan.public_id)
    context = {"form": form, "request_key": _key(request), "crumbs": _crumbs()}
    return render(request, "deals/plan_new.html", context, status=status)


def _key(request: HttpRequest) -> UUID:
    """The key of the form that was sent, or a new one."""
    try:
        return UUID(request.POST.get("request_key", ""))
    except ValueError:
        return uuid4()


def refuse(form: Form, error: DomainError) -> None:
    """Writes why to the field that is meant, or to the form."""
    field = error.field if isinstance(error, services.BadPlan) and error.field in form.fields else None
    form.add_error(field, error.message)


def _crumbs() -> list[dict[str, str]]:
    return [{"label": "Joint plans", "url": reverse("deals:plans")}]


def plan_of(request: HttpRequest, plan_id: UUID) -> JointPlan:
    """The plan as far as it exists for this person (404)."""
    found = JointPlan.objects.visible_to(request.user).select_related("partner__channel_manager")
    return get_object_or_404(found, public_id=plan_id)


@require_safe
@login_required
def plan(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Objectives with what is reached, actions, reviews, history; and for who writes it the small forms."""
    return page(request, plan_of(request, plan_id))


def page(request: HttpRequest, found: JointPlan, *, status: int = 200, **given: Form) -> HttpResponse:
    """The page of a plan; `given` are forms that were refused."""
    user, now = person_of(request), timezone.now()
    writes = user.has_perm("deals.write_plan", found.partner) and found.ended_at is None
    objectives = found.objectives.filter(dropped_at=None).order_by("pk")
    reviews = list(found.reviews.select_related("held_by").order_by("due_on"))
    upcoming = next((one for one in reviews if one.held_at is None), None) if found.ended_at is None else None
    context: dict[str, Any] = {
        "plan": found,
        "today": now.date(),
        "reached": services.reached(found, objectives, at=now),
        "actions": _actions(found, user, now.date()),
        "activities": _activities(found, user, now.date()),
        "reviews": reviews,
        "upcoming": upcoming,
        "entries": [_entry(one) for one in found.entries.select_related("by").order_by("-number")],
        "writes": writes,
        "crumbs": _crumbs(),
    }
    if writes:
        version = EngagementRules.objects.in_force(now)
        context |= {
            "objective_form": ObjectiveForm(currencies=() if version is None else version.rules.currencies),
            "action_form": ActionForm(owners=services.owners_for(found.partner, on=now.date())),
            "activity_form": ActivityForm(**activity_owners(found)),
            "review_form": ReviewForm(),
            "hold_form": HoldForm() if upcoming is not None else None,
            **given,
        }
    return render(request, "deals/plan.html", context, status=status)


def _actions(found: JointPlan, user: Any, today: date) -> list[dict[str, Any]]:
    """Open ones first, by day."""
    rows = list(found.actions.filter(dropped_at=None).select_related("owner", "done_by").order_by("due_on", "pk"))
    for row in rows:
        row.plan = found
    rows.sort(key=lambda row: row.done_at is not None)
    return [
        {
            "action": row,
            "is_late": row.done_at is None and row.due_on < today,
            "may_finish": row.done_at is None and found.ended_at is None and services.may_finish(row, user),
        }
        for row in rows
    ]


def activity_owners(found: JointPlan) -> dict[str, QuerySet[User]]:
    """Who of either side may answer for an activity today."""
    whose: dict[str, Any] = {"partner": found.partner, "on": timezone.now().date()}
    return {"ours": services.owners_of_ours(**whose), "theirs": services.owners_of_theirs(**whose)}


def _activities(found: JointPlan, user: User, today: date) -> list[dict[str, Any]]:
    """By day; those that lack a result first."""
    rows = list(found.activities.filter(dropped_at=None).select_related("our_owner", "their_owner", "told_by"))
    for row in rows:
        row.plan = found
    rows.sort(key=lambda row: (not row.lacks_result(today), row.held_on, row.pk))
    is_open = found.ended_at is None
    return [
        {
            "activity": row,
            "is_late": is_open and row.lacks_result(today),
            "may_tell": is_open and row.told_at is None and row.held_on <= today and services.may_tell(row, user),
        }
        for row in rows
    ]


def _entry(entry: PlanEntry) -> dict[str, str]:
    """A line of the history."""
    when = format_date(timezone.localtime(entry.at), "j F Y, H:i")
    return {"title": entry.what, "when": when, "text": f"{entry.text}. {entry.by.name}.".lstrip(". ")}
