"""Leads of the vendor: given, answered in time, given to another; and what is told of them."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import services, tasks
from lms.deals.lead_moves import MOVES, DeclineReason, LeadState
from lms.deals.models import Deal, Lead, LeadMove, Origin
from lms.events.services import drain
from lms.partners.services import suspend_partner
from tests.deals.factories import (
    accept,
    account,
    approved,
    channel_manager,
    give,
    house,
    lead_draft,
    manager_of,
    move,
    register,
)
from tests.deals.test_pages import signed_in, text_of
from tests.factories import MembershipFactory, PartnerFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def decline(lead: Lead, by: User, at: datetime, reason: str = "no_capacity", text: str = "") -> Lead:
    return services.decline_lead(lead=lead, reason=reason, text=text, by=by, at=at)


def steps_of(lead: Lead) -> list[tuple[str, str, str]]:
    return list(lead.moves.order_by("number").values_list("move", "from_state", "to_state"))


def test_accepted_lead_is_a_protected_deal_of_the_one_who_accepted(now: datetime) -> None:
    """Also where we work with the customer ourselves: we gave him away. A repeat makes no second deal."""
    rep = house()
    account(now)
    lead = give(rep.partner, now)
    deal = accept(lead, rep.person, now + DAY)
    assert accept(lead, rep.person, now + DAY) == deal
    lead.refresh_from_db()
    assert (lead.state, lead.deal, Deal.objects.count()) == ("accepted", deal, 1)
    assert (deal.origin, deal.state, deal.holds, deal.approved_by) == (Origin.LEAD, "approved", True, None)
    assert deal.protected_until == (now + 91 * DAY).date()
    assert (deal.need, str(deal.value), deal.registered_by) == (lead.need, "50000.000", rep.person)
    assert list(deal.moves.order_by("number").values_list("move", "text")) == [
        ("submit", ""),
        ("approve", "We gave this lead."),
    ]
    assert steps_of(lead) == [("give", "", "offered"), ("accept", "offered", "accepted")]


def test_customer_who_was_registered_meanwhile_goes_to_conflict_review(now: datetime) -> None:
    rep = house()
    lead = give(rep.partner, now)
    register(house("Other"), now)
    deal = accept(lead, rep.person, now)
    assert (deal.state, deal.holds, deal.origin) == ("in_conflict", False, Origin.LEAD)


def test_declined_and_expired_leads_are_given_to_another(now: datetime) -> None:
    first, second, third = house("First"), house("Second"), house("Third")
    giver = channel_manager("Giver")
    lead = give(first.partner, now, by=giver)
    decline(lead, first.person, now + DAY, text="Too far away")
    services.give_again(lead=lead, partner=second.partner, days=3, by=giver, at=now + DAY)
    assert services.expire_leads(at=now + 4 * DAY - timedelta(seconds=1)) == 0
    assert (services.expire_leads(at=now + 4 * DAY), services.expire_leads(at=now + 4 * DAY)) == (1, 0)
    services.give_again(lead=lead, partner=third.partner, days=3, by=giver, at=now + 5 * DAY)
    deal = accept(lead, third.person, now + 5 * DAY)
    assert deal.partner == third.partner
    assert [one[0] for one in steps_of(lead)] == ["give", "decline", "give_again", "expire", "give_again", "accept"]
    assert tasks.expire_leads() == 0


def test_each_move_tells_the_other_side_once(now: datetime) -> None:
    rep, giver = house(), channel_manager("Giver")
    boss = manager_of(rep.partner)
    lead = give(rep.partner, now, by=giver)
    drain()
    decline(lead, rep.person, now, reason="too_small")
    drain()
    services.give_again(lead=lead, partner=rep.partner, days=2, by=giver, at=now)
    services.recall_lead(lead=lead, by=giver, at=now)
    drain()
    services.give_again(lead=lead, partner=rep.partner, days=2, by=giver, at=now)
    drain()
    accept(lead, rep.person, now)
    drain()
    told = [(letter.to[0], letter.subject) for letter in mail.outbox]
    assert told == [
        (boss.email, "Lead Acme GmbH: waiting for the partner"),
        (giver.email, "Lead Acme GmbH: declined"),
        (boss.email, "Lead Acme GmbH: taken back"),  # the offer before it is over by now
        (boss.email, "Lead Acme GmbH: waiting for the partner"),
        (rep.person.email, "Acme GmbH: Approved"),
        (giver.email, "Lead Acme GmbH: accepted"),
    ]
    assert "Too small for us." in mail.outbox[1].body


def test_customer_that_is_taken_is_not_given(now: datetime) -> None:
    rep, giver = house(), channel_manager("Giver")
    first = give(rep.partner, now, by=giver)
    found = services.concerned_with(lead_draft(customer_name="ACME", customer_domain=""), at=now)
    assert (found.leads, found.deals, found.is_taken) == ((first,), (), True)
    with pytest.raises(services.CustomerTaken, match="offered to Kestrel"):
        give(rep.partner, now, by=giver, customer_name="ACME", customer_domain="")
    decline(first, rep.person, now)
    deal = register(house("Other"), now)
    assert services.concerned_with(lead_draft(), at=now).deals == (deal,)
    with pytest.raises(services.CustomerTaken, match="Other has registered"):
        give(rep.partner, now, by=giver)
    with pytest.raises(services.CustomerTaken, match="Other has registered"):
        services.give_again(lead=first, partner=rep.partner, days=7, by=giver, at=now)
    own = account(now, name="Own")
    found = services.concerned_with(lead_draft(customer_name="Own", customer_domain=""), at=now)
    assert (found.accounts, bool(found), found.is_taken) == ((own,), True, False)
    assert not services.concerned_with(lead_draft(customer_name="Free", customer_domain=""), at=now)


def test_database_lets_one_offer_of_a_customer_be(now: datetime, monkeypatch: Any) -> None:
    """Two channel managers at once: the look finds nothing, the constraint does."""
    rep, giver = house(), channel_manager("Giver")
    first = give(rep.partner, now, by=giver)
    decline(first, rep.person, now)
    give(rep.partner, now, by=giver)
    monkeypatch.setattr("lms.deals.services.leads._require_free", lambda _: None)
    with pytest.raises(services.CustomerTaken):
        give(rep.partner, now, by=giver)
    with pytest.raises(services.CustomerTaken):
        services.give_again(lead=first, partner=rep.partner, days=1, by=giver, at=now)


def test_only_moves_of_the_table_are_made(now: datetime) -> None:
    rep = house()
    lead = give(rep.partner, now)
    deal = register(rep, now, customer_name="Of a lead", customer_domain="")
    for state, name in product(LeadState.values, MOVES):
        Lead.objects.filter(pk=lead.pk).update(state=state, deal=deal if state == "accepted" else None)
        lead.refresh_from_db()
        kind, changes = MOVES[name], {"deal": deal} if name == "accept" else {}
        if state in kind.origins:
            Lead.objects.advance(lead, name, **changes)
            assert lead.state == kind.target
        else:
            with pytest.raises(services.IllegalMove):
                Lead.objects.advance(lead, name, **changes)


def test_answers_after_the_time_and_second_answers_are_refused(now: datetime) -> None:
    rep = house()
    lead = give(rep.partner, now, days=1)
    for act in (accept, decline):
        with pytest.raises(services.IllegalMove, match="is over"):
            act(lead, rep.person, now + DAY)
    decline(lead, rep.person, now)
    for act in (accept, decline):
        with pytest.raises(services.IllegalMove, match="answered already"):
            act(lead, rep.person, now)
    with pytest.raises(services.IllegalMove):
        services.recall_lead(lead=lead, by=channel_manager(), at=now)


def test_refused_registration_leaves_the_lead_offered(now: datetime) -> None:
    rep = house(accepts=False)
    lead = give(rep.partner, now)
    with pytest.raises(services.RulesNotAccepted):
        accept(lead, rep.person, now)
    lead.refresh_from_db()
    assert (lead.state, lead.moves.count()) == ("offered", 1)


def test_who_may_what(now: datetime) -> None:
    rep, other, giver = house(), house("Other"), channel_manager("Giver")
    lead = give(rep.partner, now, by=giver)
    for person, act in product((other.person, giver), (accept, decline)):
        with pytest.raises(services.NotYourMove):
            act(lead, person, now)
    boss = manager_of(rep.partner)
    with pytest.raises(services.NotYourMove):
        give(rep.partner, now, by=boss)
    with pytest.raises(services.NotYourMove):
        services.give_again(lead=lead, partner=rep.partner, days=1, by=boss, at=now)
    with pytest.raises(services.NotYourMove):
        services.recall_lead(lead=lead, by=boss, at=now)
    with pytest.raises(services.WordsMissing):
        decline(lead, rep.person, now, reason="mood")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contact": " "}, "contact"),
        ({"contact": "x" * 301}, "contact"),
        ({"value": "1,5"}, "value"),
        ({"customer_name": "?!"}, "customer_name"),
        ({"product": "none"}, "product"),
        ({"days": 0}, "days"),
        ({"days": 61}, "days"),
    ],
)
def test_lead_that_cannot_be_names_the_field(now: datetime, changes: dict[str, Any], field: str) -> None:
    rep = house()
    with pytest.raises(services.BadDeal) as refused:
        give(rep.partner, now, **changes)
    assert refused.value.field == field


def test_suspended_partner_gets_none_and_a_hint_of_value_may_miss(now: datetime) -> None:
    rep, giver = house(), channel_manager("Giver")
    lead = give(rep.partner, now, by=giver, value="", currency="")
    assert (lead.value, lead.currency, lead.amount) == (None, "", "")
    gone = suspend_partner(partner=PartnerFactory(), by=giver, reason="Unpaid", at=now)
    with pytest.raises(services.BadDeal, match="suspended"):
        give(gone, now, by=giver, customer_name="Other", customer_domain="")


def test_database_refuses_what_the_table_does_not_have(now: datetime) -> None:
    lead = give(house().partner, now)
    for change in ({"state": "accepted"}, {"value": None}, {"name_key": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Lead.objects.filter(pk=lead.pk).update(**change)
    for change in ({"to_state": "declined"}, {"reason": DeclineReason.KNOWN}, {"move": "accept"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LeadMove.objects.update(**change)


def test_figures_are_per_offer_and_partner(now: datetime, django_assert_num_queries: Any) -> None:
    first, second, giver = house("First"), house("Second"), channel_manager("Giver")
    lead = give(first.partner, now, by=giver)
    decline(lead, first.person, now + 2 * DAY)
    services.give_again(lead=lead, partner=second.partner, days=9, by=giver, at=now + 3 * DAY)
    deal = accept(lead, second.person, now + 4 * DAY)
    move(deal, "win", second.person, now + 5 * DAY)
    give(first.partner, now, by=giver, days=1, customer_name="Beta", customer_domain="")
    services.expire_leads(at=now + DAY)
    with django_assert_num_queries(1):
        total, rows = services.lead_figures(since=now, until=now + 9 * DAY)
    told = {row.name: (row.given, row.accepted, row.declined, row.expired, row.won) for row in (total, *rows)}
    assert told == {"All partners": (3, 1, 1, 1, 1), "First": (2, 0, 1, 1, 0), "Second": (1, 1, 0, 0, 1)}
    assert [row.median_answer for row in (total, *rows)] == [1.5 * DAY, 2 * DAY, DAY]
    with django_assert_num_queries(1):
        total, _ = services.lead_figures(since=now, until=now + 5 * DAY)
    assert (total.accepted, total.won) == (1, 0), "it was won later"
    total, rows = services.lead_figures(since=now + DAY, until=now + 3 * DAY)
    assert (total.given, total.declined, rows, total.median_answer) == (0, 0, [], None)


# --- Pages ---


def lead_data(partner_id: int, **changes: str) -> dict[str, str]:
    fields = {name: getattr(lead_draft(), name) for name in lead_draft().__dataclass_fields__}
    return fields | {"partner": str(partner_id), "days": "7"} | changes


def test_lead_is_given_and_accepted_on_its_pages(now: datetime) -> None:
    rep, giver = house(), channel_manager("Giver")
    account(now)
    client, address = signed_in(giver), reverse("deals:lead_new")
    page = client.post(address, lead_data(rep.partner.pk)).content.decode()
    assert ("We work with this customer ourselves" in page, Lead.objects.count()) == (True, 0)
    response = client.post(address, lead_data(rep.partner.pk, seen="yes"))
    lead = Lead.objects.get()
    assert response.url == reverse("deals:lead", args=[lead.public_id])
    response = client.post(address, lead_data(rep.partner.pk, seen="yes"))
    assert (response.status_code, "cannot be given" in response.content.decode()) == (409, True)
    page = text_of(rep.person, "deals:lead", lead.public_id)
    for words in ("Ada Lind", "about 48,000 EUR", "Accept the lead", 'value="48000.00"', "Decline the lead"):
        assert words in page
    assert ("What happened" in page, "Take the lead back" in page) == (False, False)
    assert "To answer" in text_of(rep.person, "deals:leads")
    words = {"value": "50 000", "currency": "EUR", "close_month": f"{now:%Y-%m}", "next_step": "Call"}
    accepting = reverse("deals:lead_accept", args=[lead.public_id])
    refused = signed_in(rep.person).post(accepting, words | {"value": "1,5"})
    assert (refused.status_code, "digits and a point" in refused.content.decode()) == (400, True)
    response = signed_in(rep.person).post(accepting, words)
    deal = Deal.objects.get()
    assert response.url == reverse("deals:deal", args=[deal.public_id])
    assert "A lead we gave" in text_of(rep.person, "deals:deal", deal.public_id)
    page = text_of(giver, "deals:leads")
    assert ("Median answer" in page, "Kestrel" in page) == (True, True)
    assert ">Accepted</span>" in text_of(giver, "deals:leads", show="accepted")


def test_declined_lead_is_gone_for_the_partner_and_given_again(now: datetime) -> None:
    rep, other, giver = house(), house("Other"), channel_manager("Giver")
    lead = give(rep.partner, now, by=giver)
    address = reverse("deals:lead_decline", args=[lead.public_id])
    assert "This field is required" in signed_in(rep.person).post(address).content.decode()
    page = signed_in(rep.person).post(address, {"decline-reason": "known"}, follow=True).content.decode()
    assert "is given back" in page
    assert signed_in(rep.person).get(reverse("deals:lead", args=[lead.public_id])).status_code == 404
    page = text_of(giver, "deals:lead", lead.public_id)
    assert ("We know this customer" in page, "Give it again" in page) == (True, True)
    giving = reverse("deals:lead_give", args=[lead.public_id])
    signed_in(giver).post(giving, {"partner": str(other.partner.pk), "days": "5"})
    lead.refresh_from_db()
    assert (lead.partner, lead.state) == (other.partner, "offered")
    again = signed_in(giver).post(giving, {"partner": str(other.partner.pk), "days": "5"})
    assert again.status_code == 409
    recalling = reverse("deals:lead_recall", args=[lead.public_id])
    for _ in range(2):
        assert signed_in(giver).post(recalling).status_code == 302
    lead.refresh_from_db()
    assert lead.state == "recalled"


def test_answer_that_comes_too_late_is_told(now: datetime) -> None:
    rep = house()
    lead = give(rep.partner, now - 2 * DAY, days=1)
    page = text_of(rep.person, "deals:lead", lead.public_id)
    assert "Accept the lead" not in page
    address = reverse("deals:lead_decline", args=[lead.public_id])
    page = signed_in(rep.person).post(address, {"decline-reason": "known"}, follow=True).content.decode()
    assert "The time to answer this lead is over" in page


def test_without_rules_no_lead_is_given(now: datetime) -> None:
    assert "No rules of engagement yet" in text_of(channel_manager(), "deals:lead_new")


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_same_for_one_and_three(now: datetime, count: int, django_assert_num_queries: Any) -> None:
    giver = channel_manager("Giver")
    for number in range(count):
        rep = house(f"House {number}")
        accept(give(rep.partner, now, by=giver, customer_name=f"C{number}", customer_domain=""), rep.person, now)
    approved(house("Last"), now)
    client = signed_in(giver)
    with django_assert_num_queries(LIST_QUERIES):
        page = client.get(reverse("deals:leads")).content.decode()
    assert page.count(">Accepted</span>") == count


LIST_QUERIES = 7


def test_a_lead_that_waits_stands_first_on_the_home_page() -> None:
    rep = house()
    client = signed_in(rep.person)
    assert "Leads for us" not in client.get("/").content.decode()
    give(rep.partner, timezone.now())
    home = client.get("/").content.decode()
    assert "1 to answer" in home
    assert home.index("Leads for us") < home.index("Register a deal")


def test_nobody_gives_a_lead_to_a_partner_he_works_for(now: datetime) -> None:
    rep, by = house(), channel_manager("Giver")
    MembershipFactory(partner=rep.partner, person=by)
    with pytest.raises(services.NotYourMove):
        give(rep.partner, now, by=by)
    assert not Lead.objects.exists()
