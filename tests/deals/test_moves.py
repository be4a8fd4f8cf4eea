"""The table of states and moves: what each side may do, and that neither model nor database takes anything else."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from lms.accounts.models import AuditEntry
from lms.deals import services
from lms.deals.errors import IllegalMove, NotYourMove, OwnInterest, WordsMissing
from lms.deals.models import Deal, DealMove
from lms.deals.moves import HOLDING, MOVES, OPEN, PROTECTED, TABLE, State, Words, moves_from
from lms.deals.services import steps
from lms.deals.table import Side
from lms.partners.models import Membership
from tests.deals.factories import (
    account,
    approved,
    channel_manager,
    head_of_channel,
    house,
    manager_of,
    move,
    register,
)
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def test_every_state_is_reached_and_only_results_are_final() -> None:
    reached = {one.target for one in TABLE}
    left = {origin for one in TABLE for origin in one.origins}
    assert reached == set(State)
    assert set(State) - left == {State.WITHDRAWN, State.WON, State.LOST}
    assert OPEN >= HOLDING > PROTECTED


def test_migrations_know_the_table() -> None:
    """The database's copy of the table is made by a migration."""
    call_command("makemigrations", "deals", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("name", sorted(MOVES))
def test_model_refuses_a_move_from_elsewhere(name: str) -> None:
    wanted = MOVES[name]
    for state in set(State) - wanted.origins:
        with pytest.raises(IllegalMove):
            Deal(state=state).require(wanted)


@given(st.sampled_from(TABLE), st.sampled_from([*State, ""]), st.sampled_from(list(State)))
def test_table_and_its_condition_agree(wanted, before, after) -> None:
    """What the database's constraint says is what the table says."""
    is_legal = after == wanted.target and (before in wanted.origins or (not before and not wanted.origins))
    row = DealMove(move=wanted.name, from_state=before, to_state=after)
    constraint = next(one for one in DealMove._meta.constraints if one.name == "deals_move_is_in_the_table")
    assert constraint.condition.check({"move": row.move, "from_state": row.from_state, "to_state": row.to_state}) == (
        is_legal
    )


def test_database_refuses_a_step_that_is_not_in_the_table(now: datetime) -> None:
    deal = register(house(), now)
    with pytest.raises(IntegrityError), transaction.atomic():
        DealMove.objects.create(deal=deal, number=9, move="win", from_state="submitted", to_state="won", at=now)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.WON},  # holds its customer
        {"state": State.APPROVED},  # neither approved nor protected
        {"value": 0},
        {"name_key": ""},
    ],
)
def test_database_refuses_a_deal_that_cannot_be(now: datetime, changes: dict[str, object]) -> None:
    deal = register(house(), now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(**changes)


def test_moves_are_logged_with_who_when_and_why(now: datetime) -> None:
    rep, efua = house(), channel_manager()
    deal = register(rep, now)
    hour = timedelta(hours=1)
    move(deal, "take", efua, now + hour)
    move(deal, "ask", efua, now + 2 * hour, text="Who decides at Acme?")
    move(deal, "answer", rep.person, now + 3 * hour, text="The head of IT")
    move(deal, "approve", efua, now + 4 * hour)
    move(deal, "lose", rep.person, now + 5 * hour, reason="price")
    rows = deal.moves.order_by("number").values_list(
        "number", "move", "from_state", "to_state", "by", "at", "reason", "text"
    )
    assert list(rows) == [
        (1, "submit", "", "submitted", rep.person.pk, now, "", ""),
        (2, "take", "submitted", "in_review", efua.pk, now + hour, "", ""),
        (3, "ask", "in_review", "info_needed", efua.pk, now + 2 * hour, "", "Who decides at Acme?"),
        (4, "answer", "info_needed", "in_review", rep.person.pk, now + 3 * hour, "", "The head of IT"),
        (5, "approve", "in_review", "approved", efua.pk, now + 4 * hour, "", ""),
        (6, "lose", "approved", "lost", rep.person.pk, now + 5 * hour, "price", ""),
    ]  # fmt: skip
    deal.refresh_from_db()
    assert (deal.state, deal.holds, deal.answered_at) == ("lost", False, now + 2 * hour)
    assert AuditEntry.objects.filter(action="deals.move_deal", object_id=str(deal.public_id)).count() == 6


@pytest.mark.parametrize(
    ("name", "words"),
    [("reject", {}), ("reject", {"reason": "price"}), ("ask", {}), ("ask", {"text": " "}), ("take", {"reason": "fit"})],
)
def test_move_without_its_words_changes_nothing(now: datetime, name: str, words: dict[str, str]) -> None:
    deal = register(house(), now)
    with pytest.raises(WordsMissing):
        move(deal, name, channel_manager(), now, **words)
    deal.refresh_from_db()
    assert (deal.state, deal.moves.count()) == ("submitted", 1)


def test_text_has_a_limit(now: datetime) -> None:
    with pytest.raises(WordsMissing):
        move(register(house(), now), "ask", channel_manager(), now, text="x" * 1001)


@pytest.mark.parametrize("name", ["approve", "reject", "take", "ask"])
def test_partner_makes_no_move_of_the_vendors(now: datetime, name: str) -> None:
    """BIZ-05."""
    rep = house()
    deal = register(rep, now)
    for person in (rep.person, manager_of(rep.partner)):
        with pytest.raises(NotYourMove):
            move(deal, name, person, now, reason="duplicate" if name == "reject" else "", text="x")


@pytest.mark.parametrize(
    "name", ["submit", "contest", "overrule", "expire", "route", "recontest", "uphold_expiry", "no-such-move"]
)
def test_moves_of_the_platform_are_nobodys(now: datetime, name: str) -> None:
    deal = register(house(), now)
    with pytest.raises((NotYourMove, IllegalMove)):
        move(deal, name, channel_manager(), now, reason="duplicate")


def test_colleague_reads_and_the_manager_moves(now: datetime) -> None:
    rep = house()
    deal = register(rep, now)
    colleague = MembershipFactory(partner=rep.partner)
    with pytest.raises(NotYourMove):
        move(deal, "withdraw", colleague.person, now)
    assert services.next_moves(deal=deal, person=colleague.person) == []
    move(deal, "withdraw", manager_of(rep.partner), now)
    with pytest.raises(IllegalMove):
        move(deal, "withdraw", rep.person, now)


def test_nobody_decides_with_an_interest(now: datetime) -> None:
    """BIZ-05, R125: no quota in the deal, not of its partner."""
    rep = house()
    deal = register(rep, now)
    member, seller, keeper = channel_manager("Both"), channel_manager("Seller"), channel_manager("Of the account")
    MembershipFactory(partner=rep.partner, person=member)
    account(now - timedelta(days=1), "lost", lost_on=now.date() - timedelta(days=1), seller=keeper)
    services.name_seller(deal=deal, seller=seller, by=channel_manager(), at=now)
    for person in (member, seller, keeper):
        with pytest.raises(OwnInterest):
            move(deal, "approve", person, now)
    move(deal, "approve", channel_manager("Other"), now)


def test_nobody_takes_his_own_quota_off_a_deal(now: datetime) -> None:
    deal, seller, other = register(house(), now), channel_manager("Seller"), channel_manager("Other")
    services.name_seller(deal=deal, seller=seller, by=seller, at=now)
    with pytest.raises(OwnInterest):
        services.name_seller(deal=deal, seller=None, by=seller, at=now)
    services.name_seller(deal=deal, seller=None, by=other, at=now)
    services.name_seller(deal=deal, seller=None, by=other, at=now)
    details = AuditEntry.objects.filter(action="deals.name_seller").order_by("pk").values_list("detail", flat=True)
    assert list(details) == [
        {"seller_before": None, "seller": str(seller.public_id)},
        {"seller_before": str(seller.public_id), "seller": None},
    ]


def test_who_approved_is_not_named_as_seller_later(now: datetime) -> None:
    efua = channel_manager()
    deal = approved(house(), now, by=efua)
    with pytest.raises(services.BadDeal):
        services.name_seller(deal=deal, seller=efua, by=efua, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=deal.pk).update(seller=efua)


def test_extended_once_from_the_last_protected_day(now: datetime) -> None:
    rep = house()
    deal = approved(rep, now)
    until = deal.protected_until
    assert until == now.date() + timedelta(days=90)
    deal = move(deal, "extend", rep.person, now + timedelta(days=5))
    assert (deal.state, deal.protected_until) == ("extended", until + timedelta(days=30))
    with pytest.raises(IllegalMove):
        move(deal, "extend", rep.person, now + timedelta(days=6))


def test_protection_that_is_over_is_not_extended(now: datetime) -> None:
    rep = house()
    deal = approved(rep, now)
    with pytest.raises(IllegalMove):
        move(deal, "extend", rep.person, now + timedelta(days=91))
    assert move(deal, "extend", rep.person, now + timedelta(days=90)).state == "extended"


def test_approved_twice_is_refused(now: datetime) -> None:
    deal = approved(house(), now)
    with pytest.raises(IllegalMove):
        move(deal, "approve", channel_manager("Second"), now)


def test_dispute_is_decided_by_another_person(now: datetime) -> None:
    rep, efua = house(), channel_manager()
    deal = move(register(rep, now), "reject", efua, now, reason="not_qualified")
    deal = move(deal, "dispute", rep.person, now, text="The budget is signed")
    assert (deal.state, deal.level, deal.answer_due_at) == ("disputed", 1, now + timedelta(hours=120))
    with pytest.raises(NotYourMove):
        move(deal, "overturn", efua, now, text="No")
    deal = move(deal, "overturn", channel_manager("Hiro"), now, text="We saw the budget")
    assert (deal.state, deal.holds, deal.level) == ("in_review", True, 0)


def test_dispute_that_is_upheld(now: datetime) -> None:
    rep = house()
    deal = move(register(rep, now), "reject", channel_manager(), now, reason="thin_submission")
    deal = move(deal, "dispute", rep.person, now, text="Read it again")
    deal = move(deal, "uphold", channel_manager("Hiro"), now, text="There is no contact")
    assert (deal.state, deal.holds) == ("rejected", False)


def expired(rep: Membership, now: datetime) -> Deal:
    deal = approved(rep, now)
    services.expire_deals(at=now + timedelta(days=91))
    return move(deal, "dispute", rep.person, now + timedelta(days=92), text="We were about to sign")


def test_expiry_that_is_upheld_stays_an_expiry(now: datetime) -> None:
    deal = move(expired(house(), now), "uphold", channel_manager("Hiro"), now + timedelta(days=93), text="It was over")
    assert (deal.state, deal.is_eligible) == ("expired", True)
    assert deal.moves.order_by("-number")[0].move == "uphold_expiry"


@pytest.mark.parametrize("taken", [False, True])
def test_reopened_deal_counts_after_a_new_approval(now: datetime, taken: bool) -> None:
    deal = expired(house(), now)
    if taken:
        register(house("Birch"), now + timedelta(days=92))
    deal = move(deal, "overturn", channel_manager("Hiro"), now + timedelta(days=93), text="The order is signed")
    assert deal.state == ("in_conflict" if taken else "in_review")
    assert (deal.is_eligible, deal.approved_at, deal.approved_by, deal.protected_until) == (False, None, None, None)


def test_reopened_deal_is_looked_at_again_when_it_is_taken_meanwhile(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, look, blind = house("Aster"), house("Birch"), steps.rivals_of, [True]
    deal = move(register(first, now), "reject", channel_manager(), now, reason="not_qualified")
    register(second, now)
    deal = move(deal, "dispute", first.person, now, text="No")
    monkeypatch.setattr(steps, "rivals_of", lambda _: [])
    with pytest.raises(IllegalMove):
        move(deal, "overturn", channel_manager("Hiro"), now, text="It was qualified")
    monkeypatch.setattr(steps, "rivals_of", lambda deal: [] if blind and blind.pop() else look(deal))
    assert move(deal, "overturn", channel_manager("Lea"), now, text="It was qualified").state == "in_conflict"


def test_level_two_is_decided_by_the_head_of_channel(now: datetime) -> None:
    rep = house()
    deal = move(register(rep, now), "reject", channel_manager(), now, reason="not_qualified")
    deal = move(deal, "dispute", rep.person, now, text="No")
    deal = move(deal, "escalate", channel_manager("Hiro"), now)
    assert deal.level == 2
    with pytest.raises(NotYourMove):
        move(deal, "uphold", channel_manager("Third"), now, text="No")
    move(deal, "uphold", head_of_channel(), now, text="It stands")


def test_reopened_deal_finds_its_customer_taken(now: datetime) -> None:
    first, second = house("Aster"), house("Birch")
    deal = move(register(first, now), "reject", channel_manager(), now, reason="not_qualified")
    register(second, now + timedelta(days=3))
    deal = move(deal, "dispute", first.person, now + timedelta(days=4), text="No")
    deal = move(deal, "overturn", channel_manager("Hiro"), now + timedelta(days=5), text="It was qualified")
    assert (deal.state, deal.holds, deal.level) == ("in_conflict", False, 1)
    assert deal.moves.order_by("-number")[0].move == "recontest"


def test_next_moves_are_those_of_the_side_and_the_state(now: datetime) -> None:
    rep = house()
    deal = register(rep, now)
    assert [one.name for one in services.next_moves(deal=deal, person=rep.person)] == ["withdraw"]
    efua = channel_manager()
    assert [one.name for one in services.next_moves(deal=deal, person=efua)] == ["take", "ask", "approve", "reject"]
    deal = move(deal, "approve", efua, now)
    offered = [one.name for one in services.next_moves(deal=deal, person=rep.person)]
    assert offered == ["extend", "win", "lose", "withdraw"]


def test_words_have_lists() -> None:
    assert [value for value, _ in MOVES["reject"].reasons][:2] == ["duplicate", "given_to_another"]
    assert {one.words for one in TABLE} == set(Words)
    assert list(moves_from(State.WON, Side.PARTNER)) == []


def test_member_of_a_left_partner_moves_nothing(now: datetime) -> None:
    rep = house()
    deal = register(rep, now)
    Membership.objects.filter(pk=rep.pk).update(ends_on=rep.starts_on)
    with pytest.raises(NotYourMove):
        move(deal, "withdraw", type(rep.person).objects.get(pk=rep.person.pk), now)
