"""Joint activities of a plan: set, moved, dropped, and what came of them. Every write locks the plan and adds a line to
its log.
"""

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from lms.accounts.models import User
from lms.deals.errors import AlreadyTold, BadPlan, NotYourMove
from lms.deals.models import ActivityKind, JointActivity, JointPlan
from lms.deals.services.planning import FARTHEST, MOST_OF_EACH, locked, log, require_writer, words
from lms.partners.models import Membership, Partner
from lms.partners.rules import CHANNEL_MANAGERS, PORTAL_MANAGERS

MAX_ACTIVITY = 150
MAX_RESULT = 500
MOST_INVITED = 100_000


def owners_of_ours(*, partner: Partner, on: date) -> QuerySet[User]:
    """The vendor's people who may answer for an activity: channel roles that do not work for the partner."""
    ours = User.objects.filter(groups__name__in=[CHANNEL_MANAGERS, PORTAL_MANAGERS], is_active=True)
    return ours.exclude(pk__in=_members(partner, on)).distinct().order_by("name", "pk")


def owners_of_theirs(*, partner: Partner, on: date) -> QuerySet[User]:
    """The partner's people of the day."""
    return User.objects.filter(pk__in=_members(partner, on), is_active=True).order_by("name", "pk")


def _members(partner: Partner, on: date) -> QuerySet[Membership, int]:
    return Membership.objects.active(on).filter(partner=partner).values_list("person", flat=True)


@transaction.atomic
def add_activity(
    *,
    plan: JointPlan,
    kind: str,
    title: str,
    held_on: date,
    our_owner: User,
    their_owner: User,
    customers: int,
    prospects: int,
    by: User,
    at: datetime,
) -> JointActivity:
    """Something more to do together. The same again returns the one there is; BadPlan with other people or numbers.

    Raises NotYourMove, PlanClosed, BadPlan naming the field, UnsafeInput.
    """
    require_writer(plan.partner, by)
    plan = locked(plan)
    title = words(title, MAX_ACTIVITY, "title")
    if kind not in ActivityKind.values:
        raise BadPlan("kind", "Choose one of the kinds.")
    _check_people(plan.partner, our_owner, their_owner, at.date())
    for field, count in (("customers", customers), ("prospects", prospects)):
        if not 0 <= count <= MOST_INVITED:
            raise BadPlan(field, f"Enter a whole number from 0 to {MOST_INVITED:,}.")
    made = plan.activities.filter(kind=kind, title=title, held_on=held_on, dropped_at=None).first()
    if made is not None:
        set_ = (made.our_owner_id, made.their_owner_id, made.customers, made.prospects)
        if set_ != (our_owner.pk, their_owner.pk, customers, prospects):
            raise BadPlan("title", "This activity is set for that day already. Drop it first to change it.")
        return made
    _check_day(plan, held_on)
    if plan.activities.filter(told_at=None, dropped_at=None).count() >= MOST_OF_EACH:
        raise BadPlan("title", f"A plan has at most {MOST_OF_EACH} activities without a result.")
    activity = JointActivity.objects.create(
        plan=plan,
        kind=kind,
        title=title,
        held_on=held_on,
        our_owner=our_owner,
        their_owner=their_owner,
        customers=customers,
        prospects=prospects,
    )
    log(plan, "Activity added", f"{title}, {held_on:%-d %B %Y}", by=by, at=at)
    return activity


def _check_people(partner: Partner, ours: User, theirs: User, on: date) -> None:
    if not owners_of_ours(partner=partner, on=on).filter(pk=ours.pk).exists():
        raise BadPlan("our_owner", "Choose one of the vendor's channel managers.")
    if not owners_of_theirs(partner=partner, on=on).filter(pk=theirs.pk).exists():
        raise BadPlan("their_owner", f"Choose somebody of {partner.name}.")


def _check_day(plan: JointPlan, held_on: date) -> None:
    if abs(held_on - plan.starts_on) > 2 * FARTHEST:
        raise BadPlan("held_on", "Choose a day near the plan's.")


@transaction.atomic
def move_activity(*, activity: JointActivity, held_on: date, by: User, at: datetime) -> JointActivity:
    """Another day. The same day changes nothing. Raises NotYourMove, PlanClosed, AlreadyTold, BadPlan."""
    require_writer(activity.plan.partner, by)
    plan = locked(activity.plan)
    activity = _open(activity)
    before = activity.held_on
    if held_on != before:
        _check_day(plan, held_on)
        same = plan.activities.filter(kind=activity.kind, title=activity.title, held_on=held_on, dropped_at=None)
        if same.exists():
            raise BadPlan("held_on", "The same activity is set for this day already.")
        activity.held_on = held_on
        activity.save(update_fields=["held_on"])
        text = f"{activity.title}: from {before:%-d %B %Y} to {held_on:%-d %B %Y}"
        log(plan, "Activity moved", text, by=by, at=at)
    return activity


def _open(activity: JointActivity) -> JointActivity:
    """As it stands under the plan's lock. Raises AlreadyTold when it has a result or was dropped."""
    found = JointActivity.objects.get(pk=activity.pk)
    if found.told_at is not None or found.dropped_at is not None:
        raise AlreadyTold("This activity is over: it has a result, or was dropped. Nothing was changed.")
    return found


@transaction.atomic
def drop_activity(*, activity: JointActivity, by: User, at: datetime) -> None:
    """Takes it off the plan; it stays in the log. Twice changes nothing, nor is one with a result taken away.

    Raises NotYourMove, PlanClosed.
    """
    require_writer(activity.plan.partner, by)
    plan = locked(activity.plan)
    wanted = JointActivity.objects.filter(pk=activity.pk, dropped_at=None, told_at=None)
    if wanted.update(dropped_at=at, dropped_by=by):
        log(plan, "Activity dropped", activity.title, by=by, at=at)


def may_tell(activity: JointActivity, by: User) -> bool:
    """Whether the person may say what came of it: who answers for it while he sees the plan, or who writes it."""
    partner = activity.plan.partner
    is_own = by.pk in {activity.our_owner_id, activity.their_owner_id} and by.has_perm("deals.view_plan", partner)
    return is_own or by.has_perm("deals.write_plan", partner)


@transaction.atomic
def tell_result(*, activity: JointActivity, result: str, by: User, at: datetime) -> JointActivity:
    """Writes down what came of it, for good. The same words of the same person again change nothing.

    Raises NotYourMove, PlanClosed, AlreadyTold, BadPlan before its day, UnsafeInput.
    """
    if not may_tell(activity, by):
        raise NotYourMove("Who answers for it, or who writes the plan, says what came of it. Nothing was changed.")
    result = words(result, MAX_RESULT, "result")
    plan = locked(activity.plan)
    found = JointActivity.objects.get(pk=activity.pk)
    if (found.told_by_id, found.result) == (by.pk, result):
        return found
    found = _open(found)
    if found.held_on > at.date():
        raise BadPlan("result", "Its day has not come yet. Nothing was changed.")
    found.result, found.told_at, found.told_by = result, at, by
    found.save(update_fields=["result", "told_at", "told_by"])
    log(plan, f"Result of {found.title}"[:100], result, by=by, at=at)
    return found
