"""Joint activities of a plan: set by who writes it, and what came of them said once, afterwards."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import JointActivity, JointPlan
from lms.partners.models import Membership
from tests.deals.factories import channel_manager, house
from tests.deals.plans import DAY, NOW, log_of, start
from tests.deals.test_files_and_api import client
from tests.deals.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def efua(db: None) -> User:
    return channel_manager()


def add(plan: JointPlan, ours: User, theirs: User, by: User, **changes: Any) -> JointActivity:
    words: dict[str, Any] = {
        "kind": "event",
        "title": "Breakfast in Lille",
        "held_on": NOW.date() + DAY,
        "our_owner": ours,
        "their_owner": theirs,
        "customers": 3,
        "prospects": 12,
        "at": NOW,
    }
    return services.add_activity(plan=plan, by=by, **(words | changes))


def test_an_activity_is_set_moved_and_told_of_once(plan: JointPlan, rep: Membership, boss: User, efua: User) -> None:
    one = add(plan, efua, rep.person, boss)
    assert add(plan, efua, rep.person, boss) == one
    for changes in ({"theirs": boss}, {"customers": 4}, {"prospects": 0}):
        with pytest.raises(services.BadPlan, match="Drop it first"):
            add(**({"plan": plan, "ours": efua, "theirs": rep.person, "by": boss} | changes))
    services.move_activity(activity=one, held_on=NOW.date() + 3 * DAY, by=efua, at=NOW)
    services.move_activity(activity=one, held_on=NOW.date() + 3 * DAY, by=efua, at=NOW)
    with pytest.raises(services.BadPlan, match="not come yet"):
        services.tell_result(activity=one, result="Good", by=rep.person, at=NOW)
    later = NOW + 4 * DAY
    one.refresh_from_db()
    assert one.lacks_result(later.date())
    for _ in range(2):
        told = services.tell_result(activity=one, result="Five want a demo", by=rep.person, at=later)
    assert (told.result, told.told_by, told.lacks_result(later.date())) == ("Five want a demo", rep.person, False)
    with pytest.raises(services.AlreadyTold):
        services.tell_result(activity=one, result="Six", by=boss, at=later)
    with pytest.raises(services.AlreadyTold):
        services.move_activity(activity=one, held_on=NOW.date(), by=boss, at=later)
    services.drop_activity(activity=one, by=boss, at=later)
    assert [what for what, _ in log_of(plan)] == [
        "Began",
        "Activity added",
        "Activity moved",
        "Result of Breakfast in Lille",
    ]


def test_dropped_once_and_the_same_may_be_set_again(plan: JointPlan, rep: Membership, boss: User, efua: User) -> None:
    one = add(plan, efua, rep.person, boss)
    for _ in range(2):
        services.drop_activity(activity=one, by=boss, at=NOW)
    again = add(plan, efua, rep.person, boss)
    assert (again != one, log_of(plan).count(("Activity dropped", "Breakfast in Lille"))) == (True, 1)
    other = add(plan, efua, rep.person, boss, held_on=NOW.date() + 2 * DAY)
    with pytest.raises(services.BadPlan, match="already"):
        services.move_activity(activity=other, held_on=again.held_on, by=boss, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        JointActivity.objects.filter(pk=other.pk).update(held_on=again.held_on)


def test_what_no_plan_can_have(plan: JointPlan, rep: Membership, boss: User, efua: User) -> None:
    stranger = house("Other").person
    for field, changes in (
        ("kind", {"kind": "party"}),
        ("title", {"title": " "}),
        ("our_owner", {"our_owner": rep.person}),
        ("their_owner", {"their_owner": stranger}),
        ("customers", {"customers": -1}),
        ("prospects", {"prospects": 100_001}),
        ("held_on", {"held_on": NOW.date() + 900 * DAY}),
    ):
        with pytest.raises(services.BadPlan) as refused:
            add(plan, **({"ours": efua, "theirs": rep.person, "by": boss} | changes))
        assert refused.value.field == field
    with pytest.raises(services.NotYourMove):
        add(plan, efua, rep.person, rep.person)
    one = add(plan, efua, boss, boss, held_on=NOW.date())
    with pytest.raises(services.NotYourMove):  # a colleague who does not answer for it
        services.tell_result(activity=one, result="Good", by=rep.person, at=NOW)
    for number in range(19):
        add(plan, efua, boss, boss, title=f"A{number}")
    with pytest.raises(services.BadPlan, match="at most 20"):
        add(plan, efua, boss, boss, title="One more")
    JointPlan.objects.filter(pk=plan.pk).update(ended_at=NOW, ended_by=boss)
    with pytest.raises(services.PlanClosed):
        add(plan, efua, boss, boss, title="After the end")


def test_on_the_page_those_without_a_result_come_first(rep: Membership, boss: User, efua: User) -> None:
    now = timezone.now()
    plan = start(rep.partner, boss, starts_on=now.date() - 40 * DAY, at=now)
    browser, address = signed_in(boss), reverse("deals:plan_activity", args=[plan.public_id])
    day = now.date() - 2 * DAY
    data = {
        "activity-kind": "campaign",
        "activity-title": "Mailing",
        "activity-held_on": f"{now.date() - 5 * DAY:%Y-%m-%d}",
        "activity-our_owner": efua.pk,
        "activity-their_owner": rep.person.pk,
        "activity-customers": "0",
        "activity-prospects": "1",
    }
    browser.post(address, data)
    browser.post(address, data | {"activity-title": "Visit", "activity-held_on": f"{day:%Y-%m-%d}"})
    first, second = plan.activities.order_by("held_on")
    tell = reverse("deals:plan_act", args=[plan.public_id, "activities", first.public_id, "result"])
    assert signed_in(rep.person).post(tell, {"result": "Nine answers"}).status_code == 302
    page = browser.get(reverse("deals:plan", args=[plan.public_id])).content.decode()
    assert page.index("Visit") < page.index("Mailing")
    assert (page.count("result missing"), "Nine answers" in page, "1 prospect" in page) == (1, True, True)
    assert "Enter a whole number" in browser.post(address, data | {"activity-customers": "x"}).content.decode()
    other = reverse("deals:plan_act", args=[plan.public_id, "activities", second.public_id, "result"])
    assert signed_in(house("Other").person).post(other, {"result": "x"}).status_code == 404
    found = client(rep.person).get(reverse("api-v1:joint-plan", args=[plan.public_id])).json()["activities"]
    assert [(row["title"], row["result"]) for row in found] == [("Mailing", "Nine answers"), ("Visit", "")]
