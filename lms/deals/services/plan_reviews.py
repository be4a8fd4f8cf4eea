"""Reviews of joint plans: their days, what they came to, and the one reminder before."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from lms.accounts.models import User
from lms.deals.errors import AlreadyHeld, BadPlan
from lms.deals.events import ReviewsComing
from lms.deals.models import Decision, JointPlan, PlanReview
from lms.deals.services.planning import MOST_OF_EACH, locked, log, require_writer, words
from lms.events.services import emit
from lms.partners.models import Membership

MAX_NOTE = 500
REMINDED_DAYS = 7


def _check_day(plan: JointPlan, due_on: date, others: QuerySet[PlanReview]) -> None:
    if not plan.starts_on <= due_on <= plan.ends_on + timedelta(days=31):
        raise BadPlan("due_on", "Choose a day of the plan, or of the month after it.")
    if others.filter(due_on=due_on).exists():
        raise BadPlan("due_on", "There is a review on this day already.")
    if others.count() >= MOST_OF_EACH:
        raise BadPlan("due_on", f"A plan has at most {MOST_OF_EACH} reviews.")


@transaction.atomic
def set_review(*, plan: JointPlan, due_on: date, by: User, at: datetime) -> PlanReview:
    """One more day to look at the plan. Raises NotYourMove, PlanClosed, BadPlan."""
    require_writer(plan.partner, by)
    plan = locked(plan)
    _check_day(plan, due_on, plan.reviews.all())
    review = PlanReview.objects.create(plan=plan, due_on=due_on)
    log(plan, "Review set", f"for {due_on:%-d %B %Y}", by=by, at=at)
    return review


@transaction.atomic
def move_review(*, review: PlanReview, due_on: date, by: User, at: datetime) -> PlanReview:
    """Another day; it is reminded of again. The same day changes nothing.

    Raises NotYourMove, PlanClosed, AlreadyHeld, BadPlan.
    """
    require_writer(review.plan.partner, by)
    plan = locked(review.plan)
    review = PlanReview.objects.get(pk=review.pk)
    before = review.due_on
    if review.held_at is not None:
        raise AlreadyHeld("This review was held. Nothing was changed.")
    if due_on != before:
        _check_day(plan, due_on, plan.reviews.exclude(pk=review.pk))
        review.due_on, review.reminded_at = due_on, None
        review.save(update_fields=["due_on", "reminded_at"])
        log(plan, "Review moved", f"from {before:%-d %B %Y} to {due_on:%-d %B %Y}", by=by, at=at)
    return review


@transaction.atomic
def hold_review(*, review: PlanReview, note: str, decision: str, by: User, at: datetime) -> PlanReview:
    """Writes down what a review came to, for good. Deciding to end ends the plan.

    The same words of the same person again change nothing. Raises NotYourMove, PlanClosed, AlreadyHeld, BadPlan,
    UnsafeInput.
    """
    require_writer(review.plan.partner, by)
    note = words(note, MAX_NOTE, "note")
    if decision not in Decision.values:
        raise BadPlan("decision", "Choose what you decided.")
    JointPlan.objects.select_for_update(of=("self",)).get(pk=review.plan_id)  # a second click waits for the first
    held = PlanReview.objects.filter(pk=review.pk, held_by=by, note=note, decision=decision).first()
    if held is not None:
        return held
    plan = locked(review.plan)
    wanted = PlanReview.objects.filter(pk=review.pk, held_at=None)
    if not wanted.update(held_at=at, held_by=by, note=note, decision=decision):
        raise AlreadyHeld("Somebody has written this review down already. Nothing was changed.")
    log(plan, f"Review held: {Decision(decision).label.lower()}", note, by=by, at=at)
    if decision == Decision.END:
        JointPlan.objects.filter(pk=plan.pk).update(ended_at=at, ended_by=by)
    review.refresh_from_db()
    return review


@transaction.atomic
def remind_of_reviews(*, at: datetime) -> int:
    """Tells the partner's managers and its channel manager of reviews in the next seven days: each review once per day
    it is set for, and one letter to a person whatever the number of reviews. Returns how many people.

    Locks the reviews. Emits ReviewsComing.
    """
    on = at.date()
    due = PlanReview.objects.filter(
        held_at=None,
        reminded_at=None,
        due_on__gte=on,
        due_on__lte=on + timedelta(days=REMINDED_DAYS),
        plan__ended_at=None,
        plan__partner__suspended_at=None,
    )
    reviews = list(due.select_related("plan__partner").select_for_update(of=("self",)).order_by("due_on", "pk"))
    partners = {review.plan.partner_id for review in reviews}
    managing: defaultdict[int, list[int]] = defaultdict(list)
    managers = Membership.objects.active(on).managers().filter(partner__in=partners)
    for partner, person in managers.order_by("pk").values_list("partner", "person"):
        managing[partner].append(person)
    told: defaultdict[int, list[int]] = defaultdict(list)
    for review in reviews:
        ours = review.plan.partner.channel_manager_id
        for person in {*managing[review.plan.partner_id], *([] if ours is None else [ours])}:
            told[person].append(review.pk)
    people = list(User.objects.filter(pk__in=told, is_active=True).order_by("pk"))
    # Those of whom nobody could be told wait for somebody.
    PlanReview.objects.filter(pk__in={pk for found in people for pk in told[found.pk]}).update(reminded_at=at)
    for found in people:
        emit(ReviewsComing(at=at, person_id=found.public_id, review_ids=tuple(told[found.pk])))
    return len(people)
