"""Leads and business given against received: figures, the rows behind them, and who sees them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import DealChange, Lead
from lms.deals.services.reciprocity import Balance, Period, balance_of, balances, periods
from lms.partners.models import Membership, Partner
from tests.deals.factories import accept, approved, channel_manager, give, house, move, register
from tests.deals.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def given(partner: Partner, at: datetime, name: str) -> Lead:
    return give(partner, at, customer_name=name, customer_domain="")


def numbers(one: Balance) -> tuple[list[int], list[str], list[int], list[str], list[str]]:
    return (
        [len(one.given), one.accepted, one.declined, one.lapsed, one.given_won],
        one.given_amounts,
        [len(one.brought), one.approved, one.brought_won],
        one.approved_amounts,
        one.brought_amounts,
    )


def lively(rep: Membership, efua: User, at: datetime) -> None:
    """Five leads (won, accepted, declined, lapsed, waiting) and three deals (won, approved in another currency, open)."""
    partner, by = rep.partner, rep.person
    for name in ("Won lead", "Accepted"):
        deal = accept(given(partner, at, name), by, at)
        if name == "Won lead":
            move(deal, "win", by, at + DAY)
    services.decline_lead(lead=given(partner, at, "Declined"), reason="too_small", by=by, at=at)
    given(partner, at - 8 * DAY, "Lapsed")
    services.expire_leads(at=at)
    given(partner, at, "Waiting")
    move(approved(rep, at, by=efua, customer_name="B1", customer_domain=""), "win", by, at)
    approved(rep, at, by=efua, customer_name="B2", customer_domain="", currency="GBP", value="1000.50")
    register(rep, at, customer_name="B3", customer_domain="")


def test_figures_are_those_of_the_rows(rep: Membership, now: datetime) -> None:
    efua, other = channel_manager(), house("Other")
    at = now - 40 * DAY
    lively(rep, efua, at)
    approved(other, at, by=efua, customer_name="O1", customer_domain="", currency="GBP", value="9.50")
    period = periods(now)["months"]
    partners = [rep.partner, other.partner, house("Idle").partner]
    total, rows = balances(partners=partners, period=period)
    assert [one.partner for one in rows] == [rep.partner, other.partner]
    assert numbers(rows[0]) == (
        [5, 2, 1, 1, 1],
        ["50,000 EUR"],
        [3, 2, 1],
        ["48,000 EUR", "1,000.50 GBP"],
        ["48,000 EUR"],
    )
    assert numbers(total) == (
        [5, 2, 1, 1, 1],
        ["50,000 EUR"],
        [4, 3, 1],
        ["48,000 EUR", "1,010 GBP"],
        ["48,000 EUR"],
    )
    assert {one.customer for one in balance_of(rep.partner, period).brought} == {"B1", "B2", "B3"}


def test_what_happens_later_changes_no_period_that_is_over(rep: Membership, now: datetime) -> None:
    efua, at = channel_manager(), now - 40 * DAY
    lead = given(rep.partner, at, "Lead")
    deal = approved(rep, at, by=efua, customer_name="B1", customer_domain="")
    period = Period(label="Then", since=at - DAY, until=at + DAY)
    before = numbers(balance_of(rep.partner, period))
    accept(lead, rep.person, at + 2 * DAY)
    move(deal, "win", rep.person, at + 2 * DAY)
    assert numbers(balance_of(rep.partner, period)) == before == ([1, 0, 0, 0, 0], [], [1, 1, 0], ["48,000 EUR"], [])
    later = Period(label="Later", since=at + DAY, until=now)
    assert numbers(balance_of(rep.partner, later)) == ([0, 0, 0, 0, 0], [], [0, 0, 0], [], [])


def test_amount_is_that_of_the_end_of_the_period(rep: Membership, now: datetime) -> None:
    """Of deals that were brought and of leads that were won, with the currency they had."""
    efua, at = channel_manager(), now - 40 * DAY
    brought = approved(rep, at, by=efua, customer_name="B1", customer_domain="")
    led = move(accept(given(rep.partner, at, "Lead"), rep.person, at), "win", rep.person, at)
    period = Period(label="Then", since=at - DAY, until=at + DAY)
    before = numbers(balance_of(rep.partner, period))
    for deal, was in ((brought, "48,000 EUR"), (led, "50,000 EUR")):
        for days, old, new in ((2, was, "1,234.50 GBP"), (3, "1,234.50 GBP", "7 GBP")):
            log = {"field": "value", "before": old, "after": new, "at": at + days * DAY, "changed_at": at + days * DAY}
            DealChange.objects.create(deal=deal, system_name="Sales", **log)
        type(deal).objects.filter(pk=deal.pk).update(value="7.00", currency="GBP")
    assert numbers(balance_of(rep.partner, period)) == before
    later = Period(label="Later", since=at - DAY, until=at + 3 * DAY)
    assert balance_of(rep.partner, later).approved_amounts == ["1,234.50 GBP"]
    assert balance_of(rep.partner, later).given_amounts == ["1,234.50 GBP"]


def test_taken_back_is_not_given_and_offered_again_is_given_once(rep: Membership, now: datetime) -> None:
    efua, at = channel_manager(), now - 40 * DAY
    services.recall_lead(lead=given(rep.partner, at, "Taken back"), by=efua, at=at)
    lead = given(rep.partner, at, "Again")
    for hours in (1, 2):
        lead = services.decline_lead(lead=lead, reason="too_small", by=rep.person, at=at)
        lead = services.give_again(lead=lead, partner=rep.partner, days=7, by=efua, at=at + timedelta(hours=hours))
    found = balance_of(rep.partner, Period(label="Then", since=at - DAY, until=at + DAY))
    assert [(one.customer, one.outcome, one.at) for one in found.given] == [
        ("Again", "offered", at + timedelta(hours=2))
    ]


def test_quarters_are_those_of_the_calendar() -> None:
    found = periods(datetime(2027, 2, 3, 12, tzinfo=UTC))
    assert [(found[key].since.date().isoformat(), found[key].until.date().isoformat()) for key in found] == [
        ("2026-02-03", "2027-02-03"),
        ("2027-01-01", "2027-02-03"),
        ("2026-10-01", "2027-01-01"),
        ("2027-01-01", "2027-02-03"),
    ]


def test_a_lead_given_on_is_named_to_who_has_it_only(rep: Membership, now: datetime) -> None:
    efua, boss = channel_manager(), User.objects.get(name="Manager Kestrel")
    lead = given(rep.partner, now - 2 * DAY, "Handed on")
    services.decline_lead(lead=lead, reason="too_small", by=rep.person, at=now - DAY)
    services.give_again(lead=lead, partner=house("Other").partner, days=7, by=efua, at=now - DAY)
    address = ("deals:reciprocity_partner", rep.partner.public_id)
    mine, ours = text_of(boss, *address), text_of(efua, *address)
    assert ("Handed on" in mine, "with you no more" in mine, "Handed on" in ours) == (False, True, True)
    assert "1 declined" in mine
    page = text_of(efua, "deals:reciprocity", period="what?")
    assert ("All partners" in page, "Kestrel" in page, "Other" in page) == (True, True, True)
    assert "Nothing in this period" in text_of(efua, "deals:reciprocity", period="before")
    for person, sees in ((boss, True), (efua, True), (rep.person, False)):
        assert ("Given and received in 12 months" in text_of(person, "portal:partner", rep.partner.public_id)) == sees


@pytest.mark.parametrize("count", [1, 3])
def test_pages_ask_the_same_for_one_and_three(
    rep: Membership, now: datetime, count: int, django_assert_num_queries: Any
) -> None:
    efua = channel_manager()
    for number in range(count):
        one = house(f"House {number}")
        accept(given(one.partner, now, f"L{number}"), one.person, now)
        register(one, now, customer_name=f"D{number}", customer_domain="")
        given(rep.partner, now, f"M{number}")
    browser = signed_in(efua)
    for name, args, queries in (("reciprocity", [], 7), ("reciprocity_partner", [rep.partner.public_id], 7)):
        address = reverse(f"deals:{name}", args=args)
        browser.get(address)
        with django_assert_num_queries(queries):
            browser.get(address)
