"""Rules of engagement: the seven scenarios each end in the stated decision, and the clause is on the record."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.accounts.models import AuditEntry
from lms.deals import services
from lms.deals.engagement import (
    Clause,
    Facts,
    First,
    Other,
    Outcome,
    Relation,
    Scenario,
    parse,
    rule,
)
from lms.deals.errors import IllegalMove, OwnInterest, RulesRefused
from lms.deals.models import Deal
from lms.deals.services import steps
from tests.deals.factories import (
    account,
    approved,
    channel_manager,
    document,
    draft,
    head_of_channel,
    house,
    move,
    register,
    rules,
)
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def standing(deal: Deal) -> tuple[str, bool, str]:
    deal.refresh_from_db()
    return deal.state, deal.holds, deal.clause


def test_partner_has_the_lead_first(now: datetime) -> None:
    """R118: he leads, and a lead of the vendor's that came later changes nothing."""
    deal = register(house(), now)
    assert standing(deal) == ("submitted", True, "1.1")
    account(now + 5 * DAY, "lead")
    assert services.judge(deal=deal, at=now + 5 * DAY)[0].id == "1.1"


def test_vendor_has_the_lead_first(now: datetime) -> None:
    """R119: rejected at once, by the platform, with the reason and the clause; the partner may dispute it."""
    account(now - 30 * DAY, "lead")
    rep = house()
    deal = register(rep, now)
    assert standing(deal) == ("rejected", False, "2.1")
    last = deal.moves.order_by("-number")[0]
    assert (last.move, last.by, last.reason, last.clause) == ("reject", None, "active_pipeline", "2.1")
    assert [one.name for one in services.next_moves(deal=deal, person=rep.person)] == ["dispute"]


def test_both_learn_of_it_independently(now: datetime) -> None:
    """R120: within the hours of the rules nobody is first; a person decides on level 1."""
    account(now, "lead")
    with_vendor = register(house("Aster"), now)
    assert standing(with_vendor) == ("in_conflict", True, "3.1")
    first = register(house("Birch"), now, customer_name="Nim", customer_domain="")
    second = register(house("Cedar"), now + timedelta(hours=3), customer_name="NIM", customer_domain="")
    assert (standing(first), standing(second)) == (("submitted", True, "1.1"), ("in_conflict", False, "3.1"))


def test_customer_calls_the_other(now: datetime) -> None:
    """R121: the call goes back to the one who has the customer; where he is the applicant, he keeps him."""
    owner, other = house("Aster"), house("Birch")
    move(approved(owner, now - 100 * DAY), "win", owner.person, now - 50 * DAY)
    deal = register(other, now)
    judged, _ = services.judge(deal=deal, at=now, customer_called=True)
    assert (judged.id, judged.scenario, judged.outcome) == ("4.1", Scenario.CUSTOMER_CALLED, Outcome.REJECT)
    back = register(owner, now)
    assert services.judge(deal=back, at=now, customer_called=True)[0].id == "5.1"


def test_existing_accounts_of_each_other(now: datetime) -> None:
    """R122."""
    owner, other = house("Aster"), house("Birch")
    account(now - 400 * DAY, "account", name="Nim")
    assert standing(register(other, now, customer_name="Nim", customer_domain="")) == ("rejected", False, "5.2")
    move(approved(owner, now - 100 * DAY), "win", owner.person, now - 50 * DAY)
    assert standing(register(other, now)) == ("rejected", False, "5.2")
    assert standing(register(owner, now, product="halden-care")) == ("submitted", True, "5.1")


def test_customer_that_was_lost(now: datetime) -> None:
    """R123: free after 90 days, talked about before."""
    account(now - 800 * DAY, "lost", lost_on=(now - 90 * DAY).date())
    account(now - 800 * DAY, "lost", name="Nim", lost_on=(now - 89 * DAY).date())
    rep = house()
    assert standing(register(rep, now)) == ("submitted", True, "6.1")
    assert standing(register(rep, now, customer_name="Nim", customer_domain="")) == ("in_conflict", True, "6.2")


def test_when_to_leave_an_account(now: datetime) -> None:
    """R124: who did nothing for 60 days has left; a comment is a sign of life."""
    idle, busy, applicant = house("Aster"), house("Birch"), house("Cedar")
    left = approved(idle, now)
    kept = approved(busy, now, customer_name="Nim", customer_domain="")
    services.add_comment(deal=kept, text="Pilot runs", by=busy.person, at=now + 30 * DAY)
    deal = register(applicant, now + 60 * DAY)
    assert (standing(left), standing(deal)) == (("expired", False, "7.1"), ("in_review", True, "7.1"))
    other = register(applicant, now + 60 * DAY, customer_name="Nim", customer_domain="")
    assert (standing(kept), standing(other)) == (("approved", True, "1.1"), ("in_conflict", False, "2.2"))


def test_conflict_decided_for_the_second(now: datetime) -> None:
    """R125: the reason and the clause are kept, the first is told, and the case is a precedent."""
    one, two = house("Aster"), house("Birch")
    first, second = approved(one, now), register(two, now + timedelta(hours=2))
    efua = channel_manager()
    move(second, "settle", efua, now + DAY, text="The customer asked for Birch in writing", independently=True)
    assert (standing(first), standing(second)) == (("rejected", False, "3.1"), ("in_review", True, "3.1"))
    told = first.moves.order_by("-number")[0]
    assert (told.reason, told.text) == ("given_to_another", first.rules.rules.clause("3.1").title)
    move(second, "approve", efua, now + DAY)
    found = services.precedents(text="writing BIRCH", clause="3.1")
    assert [(step.deal.partner.name, step.move) for step in found] == [("Birch", "settle")]
    assert list(services.precedents(text="unheard")) == []


def test_conflict_decided_for_the_first(now: datetime) -> None:
    register(house("Aster"), now)
    second = register(house("Birch"), now + 2 * DAY)
    assert standing(second)[2] == "2.2"
    move(second, "reject", channel_manager(), now + 3 * DAY, reason="duplicate", text="Aster has the pilot")
    assert standing(second) == ("rejected", False, "2.2")


def test_who_waited_for_the_overruled_alone_is_next(now: datetime) -> None:
    """The holder's name is not the settled one's: they share a domain."""
    register(house("Aster"), now)
    second = register(house("Birch"), now, customer_name="Nim")
    third = register(house("Cedar"), now, customer_domain="")
    assert [standing(deal)[:2] for deal in (second, third)] == [("in_conflict", False)] * 2
    move(second, "settle", channel_manager(), now, text="Nim owns the domain")
    assert [standing(deal)[:2] for deal in (second, third)] == [("in_review", True)] * 2


def test_customer_taken_while_it_is_decided_is_not_given_twice(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    register(house("Aster"), now)
    second = register(house("Birch"), now)
    monkeypatch.setattr(steps, "rivals_of", lambda _: [])
    with pytest.raises(IllegalMove):
        move(second, "settle", channel_manager(), now, text="Birch")
    assert standing(second) == ("in_conflict", False, "3.1")


def test_nobody_settles_against_a_deal_he_has_quota_in(now: datetime) -> None:
    first, second = register(house("Aster"), now), register(house("Birch"), now)
    seller = channel_manager("Seller")
    services.name_seller(deal=first, seller=seller, by=channel_manager(), at=now)
    with pytest.raises(OwnInterest):
        move(second, "settle", seller, now, text="Mine")
    assert standing(first)[1] is True


def test_late_level_hands_it_up_and_the_last_keeps_it(now: datetime) -> None:
    register(house("Aster"), now)
    second = register(house("Birch"), now)
    hours = timedelta(hours=121)
    assert services.escalate_overdue(at=now + timedelta(hours=120)) == 0
    assert (services.escalate_overdue(at=now + hours), services.escalate_overdue(at=now + hours)) == (1, 0)
    second.refresh_from_db()
    assert (second.state, second.level, second.answer_due_at) == ("in_conflict", 2, now + hours + timedelta(hours=120))
    assert services.escalate_overdue(at=now + 30 * DAY) == 0
    with pytest.raises(services.NotYourMove):
        move(second, "reject", channel_manager(), now + hours, reason="duplicate")
    move(second, "reject", head_of_channel(), now + hours, reason="duplicate")


def test_rules_of_a_deal_are_those_it_began_under(now: datetime) -> None:
    rep = house()
    deal = register(rep, now)
    rules(effective_at=now, protection_days=10)
    deal = move(deal, "approve", channel_manager(), now)
    assert deal.protected_until == (now + 90 * DAY).date()


@given(
    st.lists(
        st.builds(
            Facts,
            other=st.sampled_from(Other),
            relation=st.sampled_from(Relation),
            first=st.sampled_from(First),
            customer_called=st.booleans(),
            own_account=st.booleans(),
            idle_days=st.none() | st.integers(0, 400),
            lost_days=st.none() | st.integers(0, 400),
        ),
        max_size=4,
    )
)
def test_every_case_finds_a_clause_and_more_others_never_make_it_freer(facts: list[Facts]) -> None:
    strictness = [Outcome.REJECT, Outcome.ROUTE, Outcome.RELEASE, Outcome.CLEAR]
    read = parse(document())
    found = rule(read, facts)
    assert isinstance(found, Clause)
    if facts:
        assert strictness.index(found.outcome) <= strictness.index(rule(read, facts[:1]).outcome)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clauses": []}, "may not be empty"),
        ({"answer_hours": 0}, "answer_hours"),
        ({"unknown": 1}, "unknown"),
        ({"currencies": ["EUR", "ZZZ"]}, "ZZZ is no currency"),
        ({"approve_up_to": {"XYZ": "5"}}, "XYZ is no currency"),
    ],
)
def test_document_that_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(RulesRefused, match=words):
        parse(document(**change))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda clauses: clauses.pop(), "last clause|unforeseen"),
        (lambda clauses: clauses.pop(0), "scenario disengage"),
        (lambda clauses: clauses[1].update(id="7.1"), "7.1 stands twice"),
        (lambda clauses: clauses[1].update(reason="duplicate"), "Clause 5.1: a reason"),
        (lambda clauses: clauses[4].pop("reason"), "Clause 4.1: a reason"),
        (lambda clauses: clauses[3].update(level=3), "no level 3"),
        (lambda clauses: clauses[3].update(outcome="maybe"), "maybe. is none of the words"),
    ],
)
def test_table_of_clauses_that_is_refused(edit, words: str) -> None:
    wrong = document()
    edit(wrong["clauses"])
    with pytest.raises(RulesRefused, match=words):
        parse(wrong)


def test_version_does_not_begin_before_the_last(now: datetime) -> None:
    rules(effective_at=now)
    with pytest.raises(RulesRefused):
        rules(effective_at=now - DAY)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "!"}, "name"),
        ({"country": "XX"}, "country"),
        ({"relation": "lost"}, "lost_on"),
        ({"relation": "lost", "lost_on": "before"}, "lost_on"),
    ],
)
def test_vendor_account_that_cannot_be(now: datetime, changes: dict[str, object], field: str) -> None:
    if changes.get("lost_on") == "before":
        changes = changes | {"lost_on": now.date() - DAY}
    with pytest.raises(services.BadDeal) as caught:
        account(now, **changes)
    assert caught.value.field == field


def test_vendor_account_stands_once(now: datetime) -> None:
    row = account(now)
    with pytest.raises(services.BadDeal):
        account(now, name="acme gmbh")
    changed = services.save_account(
        account=row, name="Acme", domain="acme.example", country="DE", relation="account", since_on=now.date(),
        lost_on=None, seller=None, by=UserFactory(), at=now,
    )  # fmt: skip
    assert (changed.pk, changed.relation, changed.domain_key) == (row.pk, "account", "acme.example")


@pytest.mark.parametrize(
    "change", [{"seller": None}, {"name": "Other"}, {"domain": "other.example"}, {"country": "FR"}]
)
def test_nobody_takes_his_own_quota_off_a_customer(now: datetime, change: dict[str, Any]) -> None:
    seller = channel_manager("Seller")
    row = account(now, seller=seller)
    fields = {
        "name": "ACME", "domain": "", "country": "DE", "relation": "account", "since_on": now.date(), "lost_on": None,
        "seller": seller, "at": now,
    }  # fmt: skip
    services.save_account(account=row, by=seller, **fields)
    with pytest.raises(OwnInterest):
        services.save_account(account=row, by=seller, **fields | change)
    services.save_account(account=row, by=channel_manager("Other"), **fields | change)
    entry = AuditEntry.objects.filter(action="deals.save_account").latest("pk")
    assert entry.detail["seller_before"] == str(seller.public_id)


def test_draft_tells_content_apart(now: datetime) -> None:
    assert draft(now).digest() == draft(now).digest() != draft(now, need="Other").digest()
