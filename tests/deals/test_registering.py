"""Registering: once per form, first come first held, and what is refused."""

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certifications.models import Certification
from lms.common.errors import RequestReused
from lms.deals import services
from lms.deals.engagement import Clause, Facts, Outcome
from lms.deals.errors import BadDeal, IllegalMove
from lms.deals.models import Deal
from lms.deals.money import MINOR_UNITS, parse_amount, shown
from lms.deals.services import moving, registering, steps
from lms.deals.services.conflicts import judge
from lms.deals.services.interest import sides_of
from lms.deals.services.registering import release
from lms.partners.models import Partner
from tests.deals.factories import (
    LONG_AGO,
    approved,
    channel_manager,
    draft,
    house,
    manager_of,
    move,
    register,
    rules,
)
from tests.factories import MembershipFactory, UserFactory
from tests.partners.test_races import at_once
from tests.tiers.factories import certify

pytestmark = pytest.mark.django_db


def test_registered_deal_holds_its_customer_and_promises_an_answer(now: datetime) -> None:
    rep = house()
    deal = register(rep, now, value="48 000.50", close_month=now.date() + timedelta(days=60))
    assert (deal.state, deal.holds, deal.clause, deal.level) == ("submitted", True, "1.1", 0)
    assert (deal.value, deal.amount, deal.product_name) == (
        Decimal("48000.50"),
        "48,000.50 EUR",
        "Halden for many sites",
    )
    assert (deal.answer_due_at, deal.close_month.day) == (now + timedelta(hours=48), 1)


def test_form_sent_twice_makes_one_deal(now: datetime) -> None:
    """BIZ-14."""
    rep, other, key = house(), house("Other"), uuid4()
    common = {"by": rep.person, "request_key": key, "at": now}
    first = services.register_deal(partner=rep.partner, draft=draft(now), **common)
    again = services.register_deal(partner=rep.partner, draft=draft(now), **common)
    assert (again, first.moves.count()) == (first, 1)
    with pytest.raises(RequestReused):
        services.register_deal(partner=rep.partner, draft=draft(now, value="1"), **common)
    theirs = services.register_deal(
        partner=other.partner, by=other.person, draft=draft(now, customer_name="Nim"), request_key=key, at=now
    )
    assert theirs != first


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_name", " "),
        ("customer_name", "!!!"),
        ("customer_name", "x" * 151),
        ("customer_name", "a\x00b"),
        ("customer_domain", "no domain"),
        ("customer_country", "XX"),
        ("product", "other"),
        ("currency", "ZZZ"),
        ("currency", "CHF"),  # a currency, but none of the rules
        ("close_month", "2020-01-01"),
        ("close_month", "2030-01-01"),
        ("need", ""),
        ("need", "a\ud800"),
        ("next_step", "x" * 301),
    ],
)
def test_value_that_no_deal_can_have(now: datetime, field: str, value: str) -> None:
    rep = house()
    wanted: object = datetime.fromisoformat(value).date() if field == "close_month" else value
    with pytest.raises(BadDeal) as caught:
        register(rep, now, **{field: wanted})
    assert (caught.value.field, Deal.objects.count()) == (field, 0)


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "1e400", "-1", "0", "0.001", "1000000000000000", "1.234,56", "１２", "1,5", "", "0x10", "12345678901234567", "1 2"],
)  # fmt: skip
def test_amount_that_is_refused(text: str) -> None:
    """BIZ-06."""
    with pytest.raises(BadDeal):
        parse_amount(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("48 000", "EUR", "48000"), ("0.10", "EUR", "0.10"), ("1’000.5", "CHF", "1000.5"), ("1.125", "KWD", "1.125")],
)
def test_amount_that_is_read(text: str, currency: str, amount: str) -> None:
    assert parse_amount(text, currency) == Decimal(amount)


def test_yen_have_no_cents() -> None:
    with pytest.raises(BadDeal):
        parse_amount("100.5", "JPY")
    assert shown(Decimal("1250000.000"), "JPY") == "1,250,000 JPY"


@given(st.integers(1, 10**14), st.sampled_from(sorted(MINOR_UNITS)))
def test_amounts_come_back_exact(minor: int, currency: str) -> None:
    amount = Decimal(minor).scaleb(-MINOR_UNITS[currency])
    if amount < 10**12:
        assert parse_amount(f"{amount:f}", currency) == amount
        assert Decimal(shown(amount, currency).removesuffix(f" {currency}").replace(",", "")) == amount


def test_sum_of_many_small_values_is_exact(now: datetime) -> None:
    """BIZ-07."""
    rep = house()
    template = register(rep, now, value="0.10")
    fields = {
        field.name: getattr(template, field.name)
        for field in Deal._meta.concrete_fields
        if field.name not in {"id", "public_id", "request_key", "name_key", "domain_key"}
    }
    Deal.objects.bulk_create(
        Deal(**fields, request_key=uuid4(), name_key=f"n{number}", domain_key="") for number in range(9999)
    )
    waiting = services.board(Deal.objects.all())[0]
    assert [(one.count, one.amount) for one in waiting.sums] == [(10_000, "1,000 EUR")]


def test_stranger_and_suspended_partner_register_nothing(now: datetime) -> None:
    rep = house()
    with pytest.raises(services.NotAMember):
        services.register_deal(partner=rep.partner, by=UserFactory(), draft=draft(now), request_key=uuid4(), at=now)
    Partner.objects.update(suspended_at=now, suspended_by=channel_manager(), suspension_reason="Unpaid")
    with pytest.raises(services.NotAMember):
        register(rep, now)


def test_own_duplicate_and_too_many_are_refused(now: datetime) -> None:
    """BIZ-03."""
    rules(max_open=2)
    rep = house()
    first = register(rep, now)
    with pytest.raises(services.AlreadyRegistered):
        register(rep, now, customer_name="acme", customer_domain="")
    register(rep, now, product="halden-care")
    with pytest.raises(services.TooManyOpen):
        register(rep, now, customer_name="Nim", customer_domain="nim.example")
    move(first, "withdraw", rep.person, now)
    register(rep, now, customer_name="Nim", customer_domain="nim.example")


def test_nothing_is_registered_without_rules_or_acceptance(now: datetime) -> None:
    rep = MembershipFactory()
    with pytest.raises(services.NoRulesInForce):
        register(rep, now)
    rules()
    with pytest.raises(services.RulesNotAccepted):
        register(house(accepts=False), now)


def test_older_acceptance_counts_for_a_while(now: datetime) -> None:
    rep = house()
    second = rules(effective_at=now - timedelta(days=10), answer_hours=24)
    deal = register(rep, now)
    assert (deal.rules.number, deal.answer_due_at) == (1, now + timedelta(hours=48))
    with pytest.raises(services.RulesNotAccepted):
        register(rep, now + timedelta(days=30), customer_name="Nim")
    services.accept_rules(version=second, partner=rep.partner, by=manager_of(rep.partner), at=now)
    later = register(rep, now + timedelta(days=30), customer_name="Nim", customer_domain="")
    assert later.rules == second


def test_rep_does_not_accept_for_his_company(now: datetime) -> None:
    rep = house(accepts=False)
    version = services.rules_in_force(at=now)
    with pytest.raises(services.NotYourMove):
        services.accept_rules(version=version, partner=rep.partner, by=rep.person, at=now)
    manager = manager_of(rep.partner)
    first = services.accept_rules(version=version, partner=rep.partner, by=manager, at=now)
    assert services.accept_rules(version=version, partner=rep.partner, by=manager, at=now) == first
    assert (first.accepted_by, first.accepted_at) == (manager, now)


def test_registering_needs_a_certified_person(now: datetime) -> None:
    rules(requires_certified={"any_of": ["sales"], "people": 1})
    rep = house()
    with pytest.raises(services.NotCertified, match="not offered any more"):
        register(rep, now)
    colleague = MembershipFactory(partner=rep.partner)
    certify(colleague, now - timedelta(days=5))
    assert Certification.objects.filter(slug="sales").exists()
    register(rep, now)
    gate = services.gate(partner=rep.partner, rules=services.rules_in_force(at=now).rules, at=now)
    assert (gate.have, gate.need, [one.slug for one in gate.certifications]) == (1, 1, ["sales"])
    before = services.gate(partner=rep.partner, rules=services.rules_in_force(at=now).rules, at=LONG_AGO)
    assert (before.is_open, before.sentence) == (
        False,
        "Registering deals needs one person with Sales. Your company has none.",
    )


def test_small_deal_is_approved_by_the_rules(now: datetime) -> None:
    rules(approve_up_to={"EUR": "5000"})
    rep = house()
    small = register(rep, now, value="5000")
    large = register(rep, now, value="5000.01", customer_name="Nim", customer_domain="")
    other = register(rep, now, value="10", currency="USD", customer_name="Lux", customer_domain="")
    assert [deal.state for deal in (small, large, other)] == ["approved", "submitted", "submitted"]
    assert (small.approved_by, small.approved_at) == (None, now)
    assert small.answered_at is None  # no person has answered
    assert list(small.moves.values_list("move", "by")) == [("submit", rep.person.pk), ("approve", None)]


def test_second_partner_is_in_conflict_review_and_reads_the_clause(now: datetime) -> None:
    first = register(house("Aster"), now)
    second = register(house("Birch"), now, customer_name="ACME", customer_domain="")
    by_domain = register(house("Cedar"), now, customer_name="Anders", customer_domain="www.acme.example")
    assert [(deal.state, deal.holds, deal.clause) for deal in (first, second, by_domain)] == [
        ("submitted", True, "1.1"),
        ("in_conflict", False, "3.1"),
        ("in_conflict", False, "3.1"),
    ]
    assert (second.level, second.answer_due_at) == (1, now + timedelta(hours=120))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("another product", {"product": "halden-care"}),
        ("another country, no domain", {"customer_country": "FR", "customer_domain": ""}),
        ("another name", {"customer_name": "Acmo", "customer_domain": "acmo.example"}),
    ],
)
def test_other_opportunity_is_no_conflict(now: datetime, name: str, fields: dict[str, str]) -> None:
    register(house("Aster"), now)
    assert register(house("Birch"), now, **fields).state == "submitted"


@pytest.mark.parametrize("ending", ["withdraw", "reject", "lose", "expire"])
def test_next_in_line_is_looked_at_when_the_first_lets_go(now: datetime, ending: str) -> None:
    """Other registrations are reconsidered in chronological order."""
    rep, efua = house("Aster"), channel_manager()
    first = approved(rep, now, by=efua) if ending in {"lose", "expire"} else register(rep, now)
    second, third = (
        register(house(name), now + timedelta(hours=hour)) for hour, name in enumerate(("Birch", "Cedar"), 1)
    )
    at = now + timedelta(days=1)
    if ending == "expire":
        at = now + timedelta(days=91)
        assert services.expire_deals(at=at) == 1
    else:
        by = efua if ending == "reject" else rep.person
        reason = {"reject": "not_qualified", "lose": "fit"}.get(ending, "")
        move(first, ending, by, at, reason=reason)
    for deal in (second, third):
        deal.refresh_from_db()
    assert [(deal.state, deal.holds, deal.level) for deal in (second, third)] == [
        ("in_review", True, 0),
        ("in_conflict", False, 1),
    ]
    assert second.answer_due_at == at + timedelta(hours=48)


def test_won_deal_lets_the_next_opportunity_begin(now: datetime) -> None:
    rep = house("Aster")
    move(approved(rep, now), "win", rep.person, now)
    again = register(rep, now + timedelta(days=100))
    assert (again.state, again.clause) == ("submitted", "5.1")


def test_customer_taken_between_the_look_and_the_write_is_looked_at_again(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(house("Aster"), now)
    rep, look, blind = house("Birch"), steps.rivals_of, [True]
    monkeypatch.setattr(steps, "rivals_of", lambda deal: [] if blind and blind.pop() else look(deal))
    assert register(rep, now).state == "in_conflict"
    monkeypatch.setattr(steps, "rivals_of", lambda _: [])
    with pytest.raises(IllegalMove):
        register(house("Cedar"), now)


def test_second_is_not_sent_up_because_of_a_release_of_a_busy_rival(now: datetime) -> None:
    """One holds the name and did nothing, another holds the domain and works: only the idle one is let go."""
    idle = approved(house("Aster"), now, customer_domain="")
    busy_rep = house("Birch")
    busy = approved(busy_rep, now, customer_name="Nim")
    services.add_comment(deal=busy, text="Pilot runs", by=busy_rep.person, at=now + timedelta(days=50))
    deal = register(house("Cedar"), now + timedelta(days=50), customer_country="FR")
    clause = next(one for one in deal.rules.rules.clauses if one.outcome == Outcome.RELEASE)
    deal.customer_country = "DE"
    release(deal, clause, at=now + timedelta(days=60))
    assert sorted(Deal.objects.exclude(pk=deal.pk).values_list("pk", "state")) == [
        (idle.pk, "expired"),
        (busy.pk, "approved"),
    ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_second_is_not_overlooked_by_the_first_who_lets_go(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first withdraws while the second is stored but not committed: he waits, and then passes the customer on."""
    rules()
    rep, second = house("Aster"), house("Birch")
    first = register(rep, now)
    threads: list[threading.Thread] = []
    errors: list[str] = []

    def withdraw() -> None:
        errors.extend(at_once(lambda: move(first, "withdraw", rep.person, now)))

    def judge_late(**facts: Any) -> tuple[Clause, list[Facts]]:
        threads.append(threading.Thread(target=withdraw))
        threads[-1].start()
        threads[-1].join(1)
        return judge(**facts)

    monkeypatch.setattr(registering, "judge", judge_late)
    deal = register(second, now)
    threads[0].join(30)
    deal.refresh_from_db()
    assert (errors, deal.state, deal.holds) == ([], "in_review", True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_moves_of_one_customer_do_not_wait_in_a_circle(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is decided for while the first withdraws: one comes first, the other is told. Without the lock of the
    whole customer both hold their own deal and want the other's."""
    rules()
    rep, efua = house("Aster"), channel_manager()
    first, second = register(rep, now), register(house("Birch"), now)
    together = threading.Barrier(2)

    def sides(*of: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            together.wait(1)
        return sides_of(*of)

    monkeypatch.setattr(moving, "sides_of", sides)
    errors = at_once(
        lambda: move(second, "settle", efua, now, text="Asked for Birch"),
        lambda: move(first, "withdraw", rep.person, now),
    )
    assert errors == ["IllegalMove"]
    second.refresh_from_db()
    assert (second.state, second.holds) == ("in_review", True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_partners_race_for_one_customer(now: datetime) -> None:
    """BIZ-01: six partners, three customers, all at once; each customer is held once, the others read the clause."""
    rules()
    reps = [house(f"House {number}") for number in range(6)]
    for round_ in range(3):
        customer = {"customer_name": f"Customer {round_}", "customer_domain": ""}
        works = [partial(register, rep, now, **customer) for rep in reps]
        assert at_once(*works) == []
        deals = Deal.objects.filter(customer_name=customer["customer_name"])
        assert sorted(deals.values_list("state", "holds", "clause")) == [
            *[("in_conflict", False, "3.1")] * 5,
            ("submitted", True, "1.1"),
        ]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_form_sent_six_times_at_once_is_one_deal(now: datetime) -> None:
    rules()
    rep, key = house(), uuid4()

    def send() -> Deal:
        return services.register_deal(partner=rep.partner, by=rep.person, draft=draft(now), request_key=key, at=now)

    assert at_once(*[send] * 6) == []
    assert Deal.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_approved_and_withdrawn_at_once_is_one_of_them(now: datetime) -> None:
    """BIZ-05."""
    rules()
    rep, managers = house(), [channel_manager("One"), channel_manager("Two")]
    deal = register(rep, now)
    works = [lambda who=who: move(deal, "approve", who, now) for who in managers]
    errors = at_once(*works, lambda: move(deal, "withdraw", rep.person, now))
    deal.refresh_from_db()
    assert deal.state == "withdrawn"  # a withdrawal is possible before and after an approval
    assert errors.count("IllegalMove") in {1, 2}
    assert deal.moves.filter(move="approve").count() <= 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_without_the_lock_two_approve_at_once(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: with the deal's lock off only the condition of the update is left, and it still lets one through."""
    rules()
    deal = register(house(), now)
    managers = [channel_manager("One"), channel_manager("Two")]
    together = threading.Barrier(2)

    def unlocked(wanted: Deal) -> Deal:
        found = Deal.objects.select_related("partner", "rules").get(pk=wanted.pk)
        together.wait(10)
        return found

    monkeypatch.setattr(steps, "locked", unlocked)
    monkeypatch.setattr(steps, "lock_customer", lambda _: None)
    assert at_once(*[lambda who=who: move(deal, "approve", who, now) for who in managers]) == ["IllegalMove"]
    assert deal.moves.filter(move="approve").count() == 1
