"""Joint plans on pages and in the API: who sees and writes what, and what is refused is said where it belongs."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import JointPlan
from lms.partners.models import Membership
from tests.deals.factories import channel_manager, house, manager_of
from tests.deals.plans import DAY, log_of, objective, start
from tests.deals.test_files_and_api import client
from tests.deals.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def current(rep: Membership, boss: User) -> JointPlan:
    """One that runs today."""
    now = timezone.now()
    return start(rep.partner, boss, starts_on=now.date() - 40 * DAY, months=6, at=now)


def url(plan: JointPlan, name: str, *args: Any) -> str:
    return reverse(f"deals:{name}", args=[plan.public_id, *args])


def test_both_sides_see_the_plan_and_only_writers_its_forms(current: JointPlan, rep: Membership, boss: User) -> None:
    efua = channel_manager()
    for person, writes in ((rep.person, False), (boss, True), (efua, True)):
        page = text_of(person, "deals:plan", current.public_id)
        for words in ("0 of 5", "Not measured: the reviews tell", "Review overdue since", "List ten customers"):
            assert words in page
        assert ("Add an objective" in page, "Write this review down" in page) == (writes, writes)
    assert "Begin a plan" not in text_of(rep.person, "deals:plans")
    page = text_of(efua, "deals:plans")
    assert ("Kestrel</bdi>: " in page, "Begin a plan" in page, "Review overdue" in page) == (True, True, True)


def test_plan_is_begun_and_changed_on_its_pages(rep: Membership, boss: User) -> None:
    now, browser = timezone.now(), signed_in(boss)
    page = browser.get(reverse("deals:plan_new")).content.decode()
    assert ("First deals together" in page, 'name="partner"' in page) == (True, False)
    assert f'value="{now:%Y-%m-%d}"' in page  # as browsers read it
    key = page.split('name="request_key" value="')[1].split('"')[0]
    data = {"template": "skills", "title": "Skills", "starts_on": f"{now:%Y-%m-%d}", "months": "3", "request_key": key}
    for _ in range(2):
        response = browser.post(reverse("deals:plan_new"), data)
    plan = JointPlan.objects.get()
    assert (response.url, UUID(key)) == (url(plan, "plan"), plan.request_key)
    again = browser.post(reverse("deals:plan_new"), data | {"request_key": ""})
    assert (again.status_code, "One plan at a time" in again.content.decode()) == (400, True)
    browser.post(
        url(plan, "plan_objective"),
        {"objective-title": "More", "objective-measure": "deals_won", "objective-target": "7"},
    )
    browser.post(
        url(plan, "plan_action"),
        {"action-title": "Call", "action-owner": rep.person.pk, "action-due_on": f"{now:%Y-%m-%d}"},
    )
    browser.post(url(plan, "plan_review"), {"review-due_on": f"{now + 5 * DAY:%Y-%m-%d}"})
    more, call = plan.objectives.get(title="More"), plan.actions.get(title="Call")
    browser.post(url(plan, "plan_act", "objectives", more.public_id, "target"), {"target": "8"})
    signed_in(rep.person).post(url(plan, "plan_act", "actions", call.public_id, "done"))
    review = plan.reviews.order_by("due_on")[0]
    browser.post(url(plan, "plan_act", "reviews", review.public_id, "move"), {"due_on": f"{now + 6 * DAY:%Y-%m-%d}"})
    browser.post(url(plan, "plan_hold", review.public_id), {"hold-note": "Good", "hold-decision": "change"})
    page = browser.get(url(plan, "plan")).content.decode()
    for words in ("0 of 8", "Change the plan", "Good", "8 changes"):
        assert words in page
    assert [what for what, _ in log_of(plan)] == [
        "Began",
        "Objective added",
        "Action added",
        "Review set",
        "Target changed",
        "Action done",
        "Review moved",
        "Review held: change the plan",
    ]


def test_what_is_refused_is_said(current: JointPlan, boss: User) -> None:
    browser, won = signed_in(boss), objective(current, "deals_won")
    for name, data, words in (
        ("plan_objective", {"objective-title": "x", "objective-measure": "deals_won"}, "Enter a whole number"),
        ("plan_action", {"action-title": "x"}, "This field is required"),
        ("plan_review", {"review-due_on": "2020-01-01"}, "Choose a day of the plan"),
    ):
        response = browser.post(url(current, name), data)
        assert (response.status_code, words in response.content.decode()) == (400, True)
    address = url(current, "plan_act", "objectives", won.public_id, "target")
    assert "Enter a whole number" in browser.post(address, {"target": "x"}, follow=True).content.decode()
    assert "Nothing was changed" in browser.post(address, follow=True).content.decode()
    assert browser.post(url(current, "plan_act", "objectives", won.public_id, "sing")).status_code == 404
    assert browser.post(url(current, "plan_act", "objectives", uuid4(), "drop")).status_code == 404


def test_words_for_a_review_that_is_over_do_not_wait_in_the_next_ones_form(current: JointPlan, boss: User) -> None:
    first, *_ = current.reviews.order_by("due_on")
    services.hold_review(review=first, note="Held", decision="keep", by=channel_manager(), at=timezone.now())
    address = reverse("deals:plan_hold", args=[current.public_id, first.public_id])
    for words in ({"hold-note": "My words", "hold-decision": "end"}, {"hold-note": "My words"}):
        late = signed_in(boss).post(address, words, follow=True).content.decode()
        assert ("down already" in late, "My words" in late) == (True, False)
    JointPlan.objects.filter(pk=current.pk).update(ended_at=timezone.now(), ended_by=boss)
    ended = signed_in(boss).post(
        reverse("deals:plan_review", args=[current.public_id]), {"review-due_on": current.ends_on}, follow=True
    )
    assert "ended" in " ".join(str(one) for one in ended.context["messages"])


def test_row_of_another_plan_is_not_reached_through_mine(current: JointPlan, boss: User) -> None:
    other = house("Other")
    theirs = start(other.partner, manager_of(other.partner))
    address = url(current, "plan_act", "objectives", objective(theirs, "deals_won").public_id, "drop")
    assert signed_in(boss).post(address).status_code == 404
    assert signed_in(boss).get(url(theirs, "plan")).status_code == 404


def test_channel_manager_begins_a_plan_with_a_partner(rep: Membership) -> None:
    browser, now = signed_in(channel_manager()), timezone.now()
    data = {"template": "grow", "title": "Grow", "starts_on": f"{now:%Y-%m-%d}", "months": "6", "request_key": "x"}
    assert "This field is required" in browser.post(reverse("deals:plan_new"), data).content.decode()
    browser.post(reverse("deals:plan_new"), data | {"partner": str(rep.partner_id)})
    assert JointPlan.objects.get().partner == rep.partner
    assert signed_in(rep.person).get(reverse("deals:plan_new")).status_code == 403


def test_api_says_what_the_page_says(current: JointPlan, rep: Membership) -> None:
    person, other = rep.person, house("Other").person
    rows = client(person).get(reverse("api-v1:joint-plans")).json()["results"]
    assert [row["id"] for row in rows] == [str(current.public_id)]
    assert client(other).get(reverse("api-v1:joint-plans")).json()["results"] == []
    address = reverse("api-v1:joint-plan", args=[current.public_id])
    assert client(other).get(address).status_code == 404
    found = client(person).get(address).json()
    told = [(row["measure"], row["target"], row["value"], row["percent"]) for row in found["objectives"]]
    assert told[:2] == [("deals_registered", "5.000", "0.000", 0), ("deals_won", "2.000", "0.000", 0)]
    assert told[3:] == [("completion", "70.000", None, None), ("none", None, None, None)]
    assert (len(found["actions"]), len(found["reviews"]), found["plan"]["ended_at"]) == (4, 6, None)
    assert client(person).post(address).status_code == 405


@pytest.mark.parametrize("name", ["plans", "plan"])
@pytest.mark.parametrize("count", [1, 3])
def test_pages_ask_the_same_for_one_and_three(
    rep: Membership, boss: User, count: int, name: str, django_assert_num_queries: Any
) -> None:
    now, efua = timezone.now(), channel_manager()
    plan = start(rep.partner, boss, starts_on=now.date(), at=now)
    for number in range(count):
        partner = house(f"House {number}").partner
        start(partner, efua, starts_on=now.date(), at=now)
        services.add_objective(plan=plan, title=f"O{number}", measure="deals_won", target="1", by=boss, at=now)
        action = services.add_action(plan=plan, title=f"A{number}", owner=boss, due_on=now.date(), by=boss, at=now)
        services.add_activity(
            plan=plan,
            kind="event",
            title=f"E{number}",
            held_on=now.date(),
            our_owner=efua,
            their_owner=boss,
            customers=1,
            prospects=1,
            by=boss,
            at=now,
        )
        services.finish_action(action=action, by=boss, at=now)
    address = reverse(f"deals:{name}", args=[plan.public_id] if name == "plan" else [])
    browser = signed_in(efua)
    browser.get(address)
    with django_assert_num_queries(QUERIES[name]):
        browser.get(address)


QUERIES = {"plans": 6, "plan": 20}
