"""What is done to a joint plan: one address per kind of row, each leading to one service call."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from lms.accounts.requests import person_of
from lms.common.errors import DomainError
from lms.deals import services
from lms.deals.models import JointActivity, JointPlan, PlanAction, PlanObjective, PlanReview
from lms.deals.plan_forms import (
    ActionForm,
    ActivityForm,
    HoldForm,
    MoveActivityForm,
    MoveReviewForm,
    ObjectiveForm,
    ResultForm,
    ReviewForm,
    TargetForm,
)
from lms.deals.views.plan_pages import activity_owners, page, plan_of, refuse


def _written(request: HttpRequest, plan_id: UUID) -> JointPlan:
    """The plan, if the person writes it (403)."""
    found = plan_of(request, plan_id)
    if not request.user.has_perm("deals.write_plan", found.partner):
        raise PermissionDenied
    return found


def _add(request: HttpRequest, found: JointPlan, form: Form, name: str, service: Callable[..., Any]) -> HttpResponse:
    """Calls the service with the form's words; what is refused stands in the form on the page."""
    if not form.is_valid():
        return page(request, found, status=400, **{name: form})
    try:
        service(plan=found, by=person_of(request), at=timezone.now(), **form.cleaned_data)
    except (services.PlanClosed, services.AlreadyHeld) as error:  # the form is for something that is over
        messages.error(request, error.message)
    except DomainError as error:
        refuse(form, error)
        return page(request, found, status=error.status, **{name: form})
    return redirect("deals:plan", found.public_id)


@login_required
@require_POST
def add_objective(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Something more to reach."""
    form = ObjectiveForm(request.POST)
    return _add(request, _written(request, plan_id), form, "objective_form", services.add_objective)


@login_required
@require_POST
def add_action(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Something more to do."""
    found = _written(request, plan_id)
    form = ActionForm(request.POST, owners=services.owners_for(found.partner, on=timezone.now().date()))
    return _add(request, found, form, "action_form", services.add_action)


@login_required
@require_POST
def add_activity(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Something more to do together."""
    found = _written(request, plan_id)
    form = ActivityForm(request.POST, **activity_owners(found))
    return _add(request, found, form, "activity_form", services.add_activity)


@login_required
@require_POST
def set_review(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """One more day to look at the plan."""
    return _add(request, _written(request, plan_id), ReviewForm(request.POST), "review_form", services.set_review)


@login_required
@require_POST
def hold_review(request: HttpRequest, plan_id: UUID, row_id: UUID) -> HttpResponse:
    """Writes down what a review came to."""
    found = _written(request, plan_id)
    review, form = _row(found, PlanReview, row_id), HoldForm(request.POST)
    if review.held_at is not None and not form.is_valid():  # the page would show it in the next review's form
        messages.error(request, "This review is written down already. Nothing was changed.")
        return redirect("deals:plan", found.public_id)

    def hold(*, plan: JointPlan, **words: Any) -> None:
        services.hold_review(review=review, **words)

    return _add(request, found, form, "hold_form", hold)


def _row(found: JointPlan, model: type[Model], row_id: UUID) -> Any:
    row = get_object_or_404(model, public_id=row_id, plan=found)
    row.plan = found  # type: ignore[attr-defined]
    return row


# The acts with one word or none: kind of row, form, and the service that takes the row under `name`.
_Act = tuple[type[Model], type[Form], str, Callable[..., Any]]
_ACTS: dict[tuple[str, str], _Act] = {
    ("objectives", "target"): (PlanObjective, TargetForm, "objective", services.change_target),
    ("objectives", "drop"): (PlanObjective, Form, "row", services.drop),
    ("actions", "drop"): (PlanAction, Form, "row", services.drop),
    ("actions", "done"): (PlanAction, Form, "action", services.finish_action),
    ("activities", "result"): (JointActivity, ResultForm, "activity", services.tell_result),
    ("activities", "move"): (JointActivity, MoveActivityForm, "activity", services.move_activity),
    ("activities", "drop"): (JointActivity, Form, "activity", services.drop_activity),
    ("reviews", "move"): (PlanReview, MoveReviewForm, "review", services.move_review),
}
_OF_OWNERS: dict[str, Callable[[Any, Any], bool]] = {"done": services.may_finish, "result": services.may_tell}


@login_required
@require_POST
def act(request: HttpRequest, plan_id: UUID, kind: str, row_id: UUID, name: str) -> HttpResponse:
    """One small act on a row of the plan. What is refused is told above the page."""
    known = _ACTS.get((kind, name))
    if known is None:
        raise Http404
    model, form_type, argument, service = known
    # What is an owner's too is asked of him; all else is for who writes the plan.
    may = _OF_OWNERS.get(name)
    found = _written(request, plan_id) if may is None else plan_of(request, plan_id)
    row, form = _row(found, model, row_id), form_type(request.POST)
    if may is not None and not may(row, person_of(request)):
        raise PermissionDenied
    if not form.is_valid():
        messages.error(
            request, "Nothing was changed: " + " ".join(str(one) for some in form.errors.values() for one in some)
        )
    else:
        try:
            service(**{argument: row}, by=person_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            messages.error(request, error.message)
    return redirect("deals:plan", found.public_id)
