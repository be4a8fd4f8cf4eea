"""Joint plans: begun from a template, changed by both sides, measured and never typed, reviewed and reminded of."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from lms.accounts.models import User
from lms.deals import services, tasks
from lms.deals.models import JointPlan, PlanAction, PlanReview
from lms.deals.plan_templates import TEMPLATES, Measure
from lms.deals.services.planning import months_later
from lms.events.services import drain
from lms.partners.models import Membership, Partner
from lms.partners.services import suspend_partner
from tests.certifications.factories import credential
from tests.deals.factories import approved, channel_manager, house, manager_of, move, register
from tests.deals.plans import DAY, NOW, log_of, objective, start
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_plan_begins_with_all_of_its_template(rep: Membership, boss: User) -> None:
    """Owners are the partner's manager and the channel manager; a review stands at the end of each month."""
    ours = channel_manager("Efua")
    Partner.objects.filter(pk=rep.partner_id).update(channel_manager=ours)
    key = uuid4()
    plan = start(rep.partner, boss, request_key=key)
    assert start(rep.partner, boss, request_key=key) == plan
    kind = TEMPLATES["first-deals"]
    assert list(plan.objectives.order_by("pk").values_list("title", "measure", "target")) == [
        (one.title, one.measure, one.target) for one in kind.objectives
    ]
    assert [(row.title, row.owner) for row in plan.actions.order_by("pk")] == [
        (one.title, ours if one.side == "vendor" else boss) for one in kind.actions
    ]
    assert list(plan.reviews.order_by("due_on").values_list("due_on", flat=True)) == [
        date(2026, 12, 14),
        date(2027, 1, 14),
        date(2027, 2, 14),
    ]
    assert (plan.ends_on, log_of(plan)) == (
        date(2027, 2, 14),
        [("Began", "from the template “First deals together”")],
    )


def test_same_form_with_other_words_begins_nothing(rep: Membership) -> None:
    """The form that a browser's Back shows again, with another partner or other words."""
    efua, other, key = channel_manager(), house("Birch"), uuid4()
    start(rep.partner, efua, request_key=key)
    for partner, changes in (
        (other.partner, {}),
        (rep.partner, {"title": "Else"}),
        (rep.partner, {"template": "grow"}),
    ):
        with pytest.raises(services.BadPlan, match="This form has begun"):
            start(partner, efua, request_key=key, **changes)
    assert JointPlan.objects.count() == 1


def test_who_left_owns_no_action_of_a_new_plan(rep: Membership, boss: User) -> None:
    gone = channel_manager("Gone")
    Partner.objects.filter(pk=rep.partner_id).update(channel_manager=gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert not start(rep.partner, boss).actions.filter(owner=gone).exists()


def test_action_that_is_done_is_not_dropped(plan: JointPlan, boss: User) -> None:
    action = plan.actions.order_by("pk")[0]
    services.finish_action(action=action, by=boss, at=NOW)
    services.drop(row=action, by=boss, at=NOW)
    action.refresh_from_db()
    assert (action.dropped_at, [what for what, _ in log_of(plan)]) == (None, ["Began", "Action done"])


@pytest.mark.parametrize("slug", TEMPLATES)
def test_every_template_begins_a_plan(rep: Membership, boss: User, slug: str) -> None:
    plan = start(rep.partner, boss, template=slug, months=12)
    assert plan.reviews.order_by("due_on").last() == plan.reviews.get(due_on=plan.ends_on)
    assert {row.pk for row in plan.objectives.all()} == {
        one.objective.pk for one in services.reached(plan, plan.objectives.all(), at=NOW)
    }


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 24))
def test_months_later_is_the_day_or_the_months_last(day: date, months: int) -> None:
    found = months_later(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found.day < day.day and (found + DAY).day == 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"template": "none"}, "template"),
        ({"months": 5}, "months"),
        ({"starts_on": date(2028, 1, 1)}, "starts_on"),
        ({"title": " "}, "title"),
        ({"title": "x" * 121}, "title"),
    ],
)
def test_plan_that_cannot_be_names_the_field(rep: Membership, boss: User, changes: Any, field: str) -> None:
    with pytest.raises(services.BadPlan) as refused:
        start(rep.partner, boss, **changes)
    assert (refused.value.field, JointPlan.objects.count()) == (field, 0)


def test_partner_has_one_plan_at_a_time(plan: JointPlan, boss: User) -> None:
    with pytest.raises(services.BadPlan, match="“Together” runs until 14 February 2027"):
        start(plan.partner, boss, starts_on=plan.ends_on)
    assert start(plan.partner, boss, starts_on=plan.ends_on + DAY).pk != plan.pk


def test_suspended_partner_begins_none() -> None:
    efua = channel_manager()
    gone = suspend_partner(partner=house("Gone").partner, by=efua, reason="Unpaid", at=NOW)
    with pytest.raises(services.BadPlan, match="suspended"):
        start(gone, efua)


def test_only_managers_and_channel_roles_write(plan: JointPlan, rep: Membership) -> None:
    """An owner may say that his own action is done, and nothing else."""
    stranger = manager_of(house("Other").partner)
    action, review = plan.actions.order_by("pk")[0], plan.reviews.order_by("pk")[0]
    for by in (rep.person, stranger, UserFactory()):
        acts: list[Any] = [
            lambda by=by: start(plan.partner, by),
            lambda by=by: services.add_objective(plan=plan, title="x", measure="none", by=by, at=NOW),
            lambda by=by: services.change_target(objective=objective(plan, "deals_won"), target="3", by=by, at=NOW),
            lambda by=by: services.drop(row=action, by=by, at=NOW),
            lambda by=by: services.add_action(plan=plan, title="x", owner=by, due_on=NOW.date(), by=by, at=NOW),
            lambda by=by: services.finish_action(action=action, by=by, at=NOW),
            lambda by=by: services.set_review(plan=plan, due_on=NOW.date(), by=by, at=NOW),
            lambda by=by: services.move_review(review=review, due_on=NOW.date(), by=by, at=NOW),
            lambda by=by: services.hold_review(review=review, note="x", decision="keep", by=by, at=NOW),
        ]
        for act in acts:
            with pytest.raises(services.NotYourMove):
                act()
    assert plan.entries.count() == 1
    PlanAction.objects.filter(pk=action.pk).update(owner=rep.person)
    action.refresh_from_db()
    for _ in range(2):
        services.finish_action(action=action, by=rep.person, at=NOW)
    assert log_of(plan)[1:] == [("Action done", action.title)]


def test_targets_are_agreed_and_logged(plan: JointPlan, boss: User) -> None:
    won, efua = objective(plan, "deals_won"), channel_manager()
    for _ in range(2):
        services.change_target(objective=won, target=" 4 ", by=efua, at=NOW)
    value = services.add_objective(
        plan=plan, title="Revenue", measure="won_value", target="50 000", currency="EUR", by=boss, at=NOW
    )
    services.add_objective(plan=plan, title="A story", measure="none", target="9", currency="EUR", by=boss, at=NOW)
    for _ in range(2):
        services.drop(row=value, by=boss, at=NOW)
    assert log_of(plan)[1:] == [
        ("Target changed", "First deals won: 4, before 2"),
        ("Objective added", "Revenue: 50,000 EUR"),
        ("Objective added", "A story"),
        ("Objective dropped", "Revenue"),
    ]
    value.refresh_from_db()
    assert (value.dropped_by, value.target) == (boss, Decimal(50000))
    for row in (value, objective(plan, "deals_registered").plan.objectives.filter(measure="none")[0]):
        with pytest.raises(services.BadPlan):
            services.change_target(objective=row, target="1", by=boss, at=NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"measure": "mood"}, "measure"),
        ({"title": ""}, "title"),
        ({"target": "0"}, "target"),
        ({"target": "1.5"}, "target"),
        ({"target": "NaN"}, "target"),
        ({"target": "Infinity"}, "target"),
        ({"target": "100001"}, "target"),
        ({"measure": "completion", "target": "101"}, "target"),
        ({"measure": "won_value", "target": "1,5", "currency": "EUR"}, "target"),
        ({"measure": "won_value", "target": "5", "currency": "ZZZ"}, "currency"),
    ],
)
def test_objective_that_cannot_be_names_the_field(plan: JointPlan, boss: User, changes: Any, field: str) -> None:
    words = {"title": "More", "measure": "deals_won", "target": "3"} | changes
    with pytest.raises(services.BadPlan) as refused:
        services.add_objective(plan=plan, by=boss, at=NOW, **words)
    assert refused.value.field == field


def test_plan_stays_small(plan: JointPlan, boss: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("lms.deals.services.planning.MOST_OF_EACH", 4)
    monkeypatch.setattr("lms.deals.services.plan_reviews.MOST_OF_EACH", 3)
    acts: list[Any] = [
        lambda: services.add_objective(plan=plan, title="x", measure="none", by=boss, at=NOW),
        lambda: services.add_action(plan=plan, title="x", owner=boss, due_on=NOW.date(), by=boss, at=NOW),
        lambda: services.set_review(plan=plan, due_on=NOW.date(), by=boss, at=NOW),
    ]
    for act in acts:
        with pytest.raises(services.BadPlan, match="at most"):
            act()


def test_action_is_owned_by_somebody_of_either_side(plan: JointPlan, rep: Membership, boss: User) -> None:
    efua = channel_manager()
    for owner in (rep.person, boss, efua):
        action = services.add_action(plan=plan, title="Call", owner=owner, due_on=NOW.date(), by=efua, at=NOW)
    assert log_of(plan)[-1] == ("Action added", "Call: Efua, by 15 November 2026")
    for _ in range(2):
        services.drop(row=action, by=boss, at=NOW)
    assert log_of(plan)[-1] == ("Action dropped", "Call")
    services.finish_action(action=action, by=boss, at=NOW)
    action.refresh_from_db()
    assert action.done_at is None
    for words, field in (
        ({"owner": house("Other").person}, "owner"),
        ({"due_on": date(2036, 1, 1)}, "due_on"),
        ({"title": ""}, "title"),
    ):
        with pytest.raises(services.BadPlan) as refused:
            given_words = {"title": "x", "owner": boss, "due_on": NOW.date()} | words
            services.add_action(plan=plan, by=boss, at=NOW, **given_words)
        assert refused.value.field == field


def test_measured_values_are_computed_for_the_plans_days(rep: Membership, boss: User) -> None:
    """What was before the plan does not count, nor what comes after it."""
    approved(rep, NOW - 40 * DAY, by=channel_manager("A"), customer_name="Before", customer_domain="")
    plan = start(rep.partner, boss)
    services.add_objective(
        plan=plan, title="Revenue", measure="won_value", target="96000", currency="EUR", by=boss, at=NOW
    )
    services.add_objective(plan=plan, title="Yen", measure="won_value", target="100", currency="JPY", by=boss, at=NOW)
    deal = approved(rep, NOW + DAY, by=channel_manager("B"))
    move(deal, "win", rep.person, NOW + 2 * DAY)
    register(rep, NOW + 200 * DAY, customer_name="After", customer_domain="")
    credential(NOW - 90 * DAY, membership=rep)
    found = services.reached(plan, plan.objectives.order_by("pk"), at=NOW + 365 * DAY)
    assert [(one.objective.measure, one.said, one.percent) for one in found] == [
        ("deals_registered", "1 of 5", 20),
        ("deals_won", "1 of 2", 50),
        ("certified", "1 of 2", 50),
        ("completion", "not known yet, of 70%", None),
        ("none", "", None),
        ("won_value", "48,000 EUR of 96,000 EUR", 50),
        ("won_value", "0 JPY of 100 JPY", 0),
    ]
    assert [one.is_reached for one in found] == [False] * 7
    assert services.Reached(objective=found[1].objective, value=Decimal(5)).is_reached
    before = services.reached(plan, plan.objectives.order_by("pk"), at=NOW - 2 * DAY)
    assert {one.value for one in before} == {None}


def test_certified_people_are_wanted_beside_those_there_are(rep: Membership, boss: User) -> None:
    credential(NOW - 90 * DAY, membership=rep)
    plan = start(rep.partner, boss)
    wanted = plan.objectives.get(measure="certified")
    (found,) = services.reached(plan, [wanted], at=NOW + DAY)
    assert (found.said, found.is_reached) == ("1 of 3", False)


def test_review_is_held_once_and_may_end_the_plan(plan: JointPlan, boss: User) -> None:
    first, second, third = plan.reviews.order_by("due_on")
    efua = channel_manager()
    for _ in range(2):
        services.hold_review(review=first, note="Going well", decision="keep", by=boss, at=NOW)
    with pytest.raises(services.AlreadyHeld):
        services.hold_review(review=first, note="Going well", decision="change", by=efua, at=NOW)
    with pytest.raises(services.AlreadyHeld):
        services.move_review(review=first, due_on=NOW.date(), by=boss, at=NOW)
    for words, field in (({"note": " "}, "note"), ({"note": "x" * 501}, "note"), ({"decision": "maybe"}, "decision")):
        with pytest.raises(services.BadPlan) as refused:
            services.hold_review(review=second, by=boss, at=NOW, **({"note": "x", "decision": "keep"} | words))
        assert refused.value.field == field
    services.hold_review(review=second, note="No market", decision="end", by=efua, at=NOW)
    plan.refresh_from_db()
    assert (plan.ended_by, [what for what, _ in log_of(plan)]) == (
        efua,
        ["Began", "Review held: go on as planned", "Review held: end the plan here"],
    )
    with pytest.raises(services.PlanClosed):
        services.hold_review(review=third, note="x", decision="keep", by=boss, at=NOW)
    assert services.hold_review(review=second, note="No market", decision="end", by=efua, at=NOW) == second
    assert start(plan.partner, boss).ended_at is None


def test_review_is_set_and_moved_within_the_plan(plan: JointPlan, boss: User) -> None:
    first = plan.reviews.order_by("due_on")[0]
    PlanReview.objects.filter(pk=first.pk).update(reminded_at=NOW)
    for _ in range(2):
        moved = services.move_review(review=first, due_on=date(2026, 12, 1), by=boss, at=NOW)
    assert (moved.reminded_at, log_of(plan)[1:]) == (
        None,
        [("Review moved", "from 14 December 2026 to 1 December 2026")],
    )
    services.set_review(plan=plan, due_on=date(2026, 12, 5), by=boss, at=NOW)
    for day in (date(2026, 12, 5), plan.starts_on - DAY, plan.ends_on + 32 * DAY):
        with pytest.raises(services.BadPlan):
            services.set_review(plan=plan, due_on=day, by=boss, at=NOW)


# --- Reminders ---


def test_one_letter_tells_a_person_of_all_reviews_of_the_week(plan: JointPlan, boss: User) -> None:
    """To the partner's managers and its channel manager, once; a review that is moved is told of again."""
    other = house("Other")
    ours = channel_manager("Efua")
    Partner.objects.update(channel_manager=ours)
    start(other.partner, manager_of(other.partner), title="Second")
    at = datetime(2026, 12, 7, 6, tzinfo=UTC)
    assert services.remind_of_reviews(at=at - DAY) == 0
    assert (services.remind_of_reviews(at=at), services.remind_of_reviews(at=at + DAY)) == (3, 0)
    drain()
    told = {letter.to[0]: letter for letter in mail.outbox}
    assert set(told) == {boss.email, manager_of(other.partner).email, ours.email}
    assert told[ours.email].subject == "2 joint plans to review"
    body = told[boss.email].body
    for words in ("review on 14 December 2026", "First deals won: 0 of 2", "Yours, open: List ten customers"):
        assert words in body
    services.move_review(review=plan.reviews.order_by("due_on")[0], due_on=date(2026, 12, 10), by=boss, at=at)
    assert services.remind_of_reviews(at=at + DAY) == 2


def test_review_of_which_nobody_can_be_told_waits_for_somebody(plan: JointPlan, boss: User) -> None:
    at = datetime(2026, 12, 8, 6, tzinfo=UTC)
    User.objects.filter(pk=boss.pk).update(is_active=False)
    assert services.remind_of_reviews(at=at) == 0
    User.objects.filter(pk=boss.pk).update(is_active=True)
    assert services.remind_of_reviews(at=at + DAY) == 1


def test_nobody_is_told_of_what_does_not_hold_any_more(plan: JointPlan, boss: User) -> None:
    at = datetime(2026, 12, 12, 6, tzinfo=UTC)
    assert services.remind_of_reviews(at=at) == 1
    services.hold_review(review=plan.reviews.order_by("due_on")[0], note="Held", decision="keep", by=boss, at=at)
    drain()
    assert mail.outbox == []
    assert services.remind_of_reviews(at=datetime(2027, 1, 12, tzinfo=UTC)) == 1
    User.objects.filter(pk=boss.pk).update(is_active=False)
    drain()
    assert mail.outbox == []


def test_database_refuses_what_no_plan_can_have(plan: JointPlan) -> None:
    bad: list[tuple[Any, dict[str, Any]]] = [
        (JointPlan.objects.all(), {"ends_on": plan.starts_on}),
        (JointPlan.objects.all(), {"ended_at": NOW}),
        (plan.objectives.filter(measure="none"), {"target": 1}),
        (plan.objectives.filter(measure="deals_won"), {"target": None}),
        (plan.objectives.filter(measure="deals_won"), {"target": 0}),
        (plan.objectives.filter(measure="deals_won"), {"currency": "EUR"}),
        (plan.objectives.filter(measure="deals_won"), {"measure": "won_value"}),
        (plan.objectives.all(), {"dropped_at": NOW}),
        (plan.actions.all(), {"done_at": NOW}),
        (plan.actions.all(), {"dropped_at": NOW}),
        (plan.reviews.all(), {"held_at": NOW}),
        (plan.reviews.all(), {"due_on": NOW.date()}),
    ]
    for rows, change in bad:
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_without_plans_nobody_is_reminded() -> None:
    assert tasks.remind_of_reviews() == 0


def test_measures_of_templates_are_known() -> None:
    assert {one.measure for kind in TEMPLATES.values() for one in kind.objectives} <= set(Measure)
