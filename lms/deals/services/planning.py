"""Joint plans: begun from a template, changed by both sides. Every write locks the plan and adds a line to its log."""

import calendar
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.deals.errors import BadDeal, BadPlan, NotYourMove, PlanClosed
from lms.deals.models import JointPlan, PlanAction, PlanEntry, PlanObjective, PlanReview
from lms.deals.money import parse_amount
from lms.deals.plan_templates import TEMPLATES, Measure, ObjectiveTemplate, PlanTemplate
from lms.deals.services.plan_measures import certified_people
from lms.deals.table import Side
from lms.partners.models import Membership, Partner
from lms.partners.rules import CHANNEL_MANAGERS, PORTAL_MANAGERS

MONTHS = (3, 6, 12)
MAX_TITLE = 120
MAX_OBJECTIVE = 150
MAX_ACTION = 200
FARTHEST = timedelta(days=366)
# One page on a phone, and no plan that nobody can keep in mind.
MOST_OF_EACH = 20


def owners_for(partner: Partner, *, on: date) -> QuerySet[User]:
    """Who may own an action: the partner's people of the day, and the vendor's channel roles."""
    members = Membership.objects.active(on).filter(partner=partner).values("person")
    ours = Q(groups__name__in=[CHANNEL_MANAGERS, PORTAL_MANAGERS])
    return User.objects.filter(Q(pk__in=members) | ours, is_active=True).distinct().order_by("name", "pk")


@transaction.atomic
def start_plan(
    *,
    partner: Partner,
    template: str,
    title: str,
    starts_on: date,
    months: int,
    by: User,
    request_key: UUID,
    at: datetime,
) -> JointPlan:
    """Begins a plan with the objectives, actions and review days of a template. Its certified people are wanted beside
    those that the partner has.

    The same key of the same person again returns that plan. Raises NotYourMove, BadPlan naming the field (also where
    another plan of the partner has a day of the period), UnsafeInput. Locks the partner.
    """
    require_writer(partner, by)
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    made = JointPlan.objects.filter(started_by=by, request_key=request_key).first()
    if made is not None:
        return _again(made, partner, template, title, starts_on)
    kind = TEMPLATES.get(template)
    if kind is None:
        raise BadPlan("template", "Choose one of the templates.")
    if partner.suspended_at is not None:
        raise BadPlan("partner", f"{partner.name} is suspended.")
    if months not in MONTHS:
        raise BadPlan("months", "Choose 3, 6 or 12 months.")
    if abs(starts_on - at.date()) > FARTHEST:
        raise BadPlan("starts_on", "Choose a day within a year from today.")
    ends_on = months_later(starts_on, months) - timedelta(days=1)
    other = JointPlan.objects.filter(partner=partner).meeting(starts_on, ends_on).first()
    if other is not None:
        raise BadPlan("starts_on", f"“{other.title}” runs until {other.ends_on:%-d %B %Y}. One plan at a time.")
    plan = JointPlan.objects.create(
        partner=partner,
        title=words(title, MAX_TITLE, "title"),
        template=kind.slug,
        starts_on=starts_on,
        ends_on=ends_on,
        started_at=at,
        started_by=by,
        request_key=request_key,
    )
    _fill(plan, kind, months, by, at)
    log(plan, "Began", f"from the template “{kind.name}”", by=by, at=at)
    return plan


def _again(made: JointPlan, partner: Partner, template: str, title: str, starts_on: date) -> JointPlan:
    """The plan that this form made, when it says the same. Raises BadPlan for other words under the same key."""
    is_same = (made.partner_id, made.template, made.starts_on) == (partner.pk, template, starts_on)
    if not is_same or made.title != guards.clean_name(title):
        raise BadPlan("title", f"This form has begun “{made.title}” with {made.partner.name}. Open a new one.")
    return made


def _fill(plan: JointPlan, kind: PlanTemplate, months: int, by: User, at: datetime) -> None:
    held = certified_people(plan.partner, at) if any(_is_of_people(one) for one in kind.objectives) else 0
    PlanObjective.objects.bulk_create(
        PlanObjective(
            plan=plan,
            title=one.title,
            measure=one.measure,
            target=one.target + held if one.target is not None and _is_of_people(one) else one.target,
        )
        for one in kind.objectives
    )
    ours = plan.partner.channel_manager
    if ours is None or not owners_for(plan.partner, on=at.date()).filter(pk=ours.pk).exists():
        ours = by
    owners = {Side.VENDOR: ours, Side.PARTNER: _manager_of(plan.partner, at) or by}
    PlanAction.objects.bulk_create(
        PlanAction(plan=plan, title=one.title, owner=owners[one.side], due_on=plan.starts_on + timedelta(days=one.day))
        for one in kind.actions
    )
    PlanReview.objects.bulk_create(
        PlanReview(plan=plan, due_on=months_later(plan.starts_on, after) - timedelta(days=1))
        for after in range(kind.review_months, months + 1, kind.review_months)
    )


def _is_of_people(one: ObjectiveTemplate) -> bool:
    """A suggestion of so many certified people is of so many more than there are: a goal that is met is none."""
    return one.measure == Measure.CERTIFIED


def _manager_of(partner: Partner, at: datetime) -> User | None:
    managing = Membership.objects.active(at.date()).managers().filter(partner=partner, person__is_active=True)
    first = managing.select_related("person").order_by("pk").first()
    return None if first is None else first.person


def months_later(day: date, months: int) -> date:
    """The same day so many months later, the last of a month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def require_writer(partner: Partner, by: User) -> None:
    """Raises NotYourMove for who writes no plan of the partner."""
    if not by.has_perm("deals.write_plan", partner):
        raise NotYourMove(f"Managers of {partner.name} and our channel managers write the plan. Nothing was changed.")


def locked(plan: JointPlan) -> JointPlan:
    """The plan, locked. Raises PlanClosed when a review ended it."""
    found = JointPlan.objects.select_related("partner").select_for_update(of=("self",)).get(pk=plan.pk)
    if found.ended_at is not None:
        raise PlanClosed("This plan was ended by a review. Nothing was changed.")
    return found


def log(plan: JointPlan, what: str, text: str, *, by: User, at: datetime) -> None:
    """A line of the plan's history, and an audit entry."""
    number = plan.entries.count() + 1
    PlanEntry.objects.create(plan=plan, number=number, at=at, by=by, what=what, text=text)
    record_audit(
        action="deals.write_plan",
        actor=by,
        at=at,
        target=plan,
        partner_id=plan.partner.public_id,
        detail={"number": number, "what": what},
    )


def words(text: str, most: int, field: str) -> str:
    """A line of text. Raises BadPlan when it is empty or too long, UnsafeInput."""
    text = guards.clean_name(text)
    if not text or len(text) > most:
        raise BadPlan(field, f"Write something, in at most {most} characters.")
    return text


@transaction.atomic
def add_objective(
    *, plan: JointPlan, title: str, measure: str, target: str = "", currency: str = "", by: User, at: datetime
) -> PlanObjective:
    """Something more to reach. Raises NotYourMove, PlanClosed, BadPlan naming the field, UnsafeInput."""
    require_writer(plan.partner, by)
    plan = locked(plan)
    if measure not in Measure.values:
        raise BadPlan("measure", "Choose what is measured.")
    if plan.objectives.filter(dropped_at=None).count() >= MOST_OF_EACH:
        raise BadPlan("title", f"A plan has at most {MOST_OF_EACH} objectives.")
    currency = currency if measure == Measure.WON_VALUE else ""
    objective = PlanObjective.objects.create(
        plan=plan,
        title=words(title, MAX_OBJECTIVE, "title"),
        measure=measure,
        target=_target(target, measure, currency),
        currency=currency,
    )
    log(plan, "Objective added", _named(objective), by=by, at=at)
    return objective


def _target(text: str, measure: str, currency: str) -> Decimal | None:
    if measure == Measure.NONE:
        return None
    if measure == Measure.WON_VALUE:
        try:
            return parse_amount(text, currency)
        except BadDeal as error:
            raise BadPlan("currency" if error.field == "currency" else "target", error.message) from error
    most = 100 if measure == Measure.COMPLETION else 100_000
    try:
        target = Decimal(text.strip())
    except InvalidOperation:
        target = Decimal(0)
    if not target.is_finite() or not 1 <= target <= most or target != target.to_integral_value():
        raise BadPlan("target", f"Enter a whole number from 1 to {most:,}.")
    return target


def _named(objective: PlanObjective) -> str:
    return objective.title if objective.target is None else f"{objective.title}: {objective.said(objective.target)}"


@transaction.atomic
def change_target(*, objective: PlanObjective, target: str, by: User, at: datetime) -> PlanObjective:
    """Another target, from now on; the log keeps the one before. The same again changes nothing.

    Raises NotYourMove, PlanClosed, BadPlan for one that is not measured or was dropped.
    """
    require_writer(objective.plan.partner, by)
    plan = locked(objective.plan)
    objective = PlanObjective.objects.get(pk=objective.pk)
    before = objective.target
    if before is None or objective.dropped_at is not None:
        raise BadPlan("target", "This objective has no target. Nothing was changed.")
    objective.target = _target(target, objective.measure, objective.currency)
    if objective.target is not None and objective.target != before:
        objective.save(update_fields=["target"])
        log(plan, "Target changed", f"{_named(objective)}, before {objective.said(before)}", by=by, at=at)
    return objective


@transaction.atomic
def drop(*, row: PlanObjective | PlanAction, by: User, at: datetime) -> None:
    """Takes an objective or an action off the plan; it stays in the log. Twice changes nothing, nor does it take away
    an action that is done.

    Raises NotYourMove, PlanClosed.
    """
    require_writer(row.plan.partner, by)
    plan = locked(row.plan)
    if isinstance(row, PlanAction):
        dropped = PlanAction.objects.filter(pk=row.pk, dropped_at=None, done_at=None).update(
            dropped_at=at, dropped_by=by
        )
    else:
        dropped = PlanObjective.objects.filter(pk=row.pk, dropped_at=None).update(dropped_at=at, dropped_by=by)
    if dropped:
        what = "Objective dropped" if isinstance(row, PlanObjective) else "Action dropped"
        log(plan, what, row.title, by=by, at=at)


@transaction.atomic
def add_action(*, plan: JointPlan, title: str, owner: User, due_on: date, by: User, at: datetime) -> PlanAction:
    """Something that a person of either side does by a day. Raises NotYourMove, PlanClosed, BadPlan, UnsafeInput."""
    require_writer(plan.partner, by)
    plan = locked(plan)
    if not owners_for(plan.partner, on=at.date()).filter(pk=owner.pk).exists():
        raise BadPlan("owner", f"Choose somebody of {plan.partner.name} or one of our channel managers.")
    if abs(due_on - plan.starts_on) > 2 * FARTHEST:
        raise BadPlan("due_on", "Choose a day near the plan's.")
    if plan.actions.filter(done_at=None, dropped_at=None).count() >= MOST_OF_EACH:
        raise BadPlan("title", f"A plan has at most {MOST_OF_EACH} open actions.")
    action = PlanAction.objects.create(plan=plan, title=words(title, MAX_ACTION, "title"), owner=owner, due_on=due_on)
    log(plan, "Action added", f"{action.title}: {owner.name}, by {due_on:%-d %B %Y}", by=by, at=at)
    return action


@transaction.atomic
def finish_action(*, action: PlanAction, by: User, at: datetime) -> None:
    """Its owner, or who writes the plan, says that it is done. Twice changes nothing.

    Raises NotYourMove, PlanClosed.
    """
    if not may_finish(action, by):
        raise NotYourMove("Its owner, or who writes the plan, says that it is done. Nothing was changed.")
    plan = locked(action.plan)
    if PlanAction.objects.filter(pk=action.pk, done_at=None, dropped_at=None).update(done_at=at, done_by=by):
        log(plan, "Action done", action.title, by=by, at=at)


def may_finish(action: PlanAction, by: User) -> bool:
    """Whether the person may say that it is done: its owner while he sees the plan, or who writes it."""
    partner = action.plan.partner
    is_own = action.owner_id == by.pk and by.has_perm("deals.view_plan", partner)
    return is_own or by.has_perm("deals.write_plan", partner)
