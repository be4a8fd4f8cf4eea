"""Pages about deals: what stands on them, for whom, and what a form leads to."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import Acceptance, Deal, Task, VendorAccount
from lms.deals.views import partner_pages
from tests.deals.factories import (
    account,
    approved,
    channel_manager,
    house,
    manager_of,
    move,
    register,
    rules,
)
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def today() -> datetime:
    return timezone.now()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text_of(person: User, name: str, *args: Any, **query: str) -> str:
    response = signed_in(person).get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def form_data(today: datetime, **changes: str) -> dict[str, str]:
    fields = {
        "request_key": str(uuid4()),
        "customer_name": "Acme GmbH",
        "customer_domain": "acme.example",
        "customer_country": "DE",
        "product": "halden-sites",
        "value": "48 000",
        "currency": "EUR",
        "close_month": f"{today:%Y-%m}",
        "need": "Forty shops",
        "next_step": "Demo",
    }
    return fields | changes


def post(person: User, data: dict[str, str]) -> Any:
    return signed_in(person).post(reverse("deals:register"), data)


def test_form_says_what_it_brings_and_asks_for_little(today: datetime) -> None:
    rep = house()
    for number in range(3):
        deal = register(rep, today - timedelta(days=2), customer_name=f"C{number}", customer_domain="")
        move(deal, "approve", channel_manager(f"M{number}"), today - timedelta(days=2) + timedelta(hours=5))
    text = text_of(rep.person, "deals:register")
    for words in ("no other partner and none of our own sellers", "decides within 48 hours", "took 5 hours or less"):
        assert words in text
    assert '<option value="FR" selected>France</option>' in text
    assert text.count('class="field"') == 9


def test_form_makes_a_deal_once(today: datetime) -> None:
    rep, data = house(), form_data(today)
    first, again = post(rep.person, data), post(rep.person, data)
    deal = Deal.objects.get()
    url = reverse("deals:deal", args=[deal.public_id])
    assert (first.headers["Location"], again.headers["Location"]) == (url, url)
    assert (deal.state, deal.value) == ("submitted", 48000)


def test_refusal_goes_to_its_field_and_keeps_what_was_entered(today: datetime) -> None:
    response = post(house().person, form_data(today, value="1.234,56"))
    text = response.content.decode()
    assert (response.status_code, Deal.objects.count()) == (400, 0)
    assert "Enter the amount with digits and a point" in text
    assert 'value="1.234,56"' in text


@pytest.mark.parametrize(("name", "seen"), [("ACME", "same"), ("Acmee Gmbh", "alike")])
def test_likeness_is_shown_once_before_it_is_sent_and_tells_nothing(today: datetime, name: str, seen: str) -> None:
    register(house("Aster"), today, customer_name="Acmee Group" if seen == "alike" else "Acme", next_step="Secret step")
    rep = house("Birch")
    data = form_data(today, customer_name="Acmee Grupp" if seen == "alike" else name, customer_domain="")
    text = post(rep.person, data).content.decode()
    assert f'name="seen" value="{seen}"' in text
    assert "Somebody has registered" in text
    for secret in ("Aster", "48,000", "48000", "Secret step", "Rep Aster"):
        assert secret not in text
    assert Deal.objects.count() == 1
    assert post(rep.person, data | {"seen": seen}).status_code == 302
    assert Deal.objects.filter(state="in_conflict").count() == (seen == "same")


def test_likeness_while_typing_is_the_same_fragment(today: datetime) -> None:
    register(house("Aster"), today)
    rep = house("Birch")
    query = {"customer_name": "ACME", "customer_country": "DE", "customer_domain": "", "product": "halden-sites"}
    text = text_of(rep.person, "deals:similar", **query)
    assert ("Somebody has registered this customer" in text, "Aster" in text, "<html" in text) == (True, False, False)
    own = register(rep, today, customer_name="Nim", customer_domain="")
    shown = text_of(rep.person, "deals:similar", **(query | {"customer_name": "Nim"}))
    assert reverse("deals:deal", args=[own.public_id]) in shown


def test_likeness_is_asked_for_so_often_in_a_minute(today: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partner_pages, "CHECKS_PER_MINUTE", 2)
    client = signed_in(house().person)
    monkeypatch.setattr(partner_pages, "_this_minute", lambda: 1)
    answers = [client.get(reverse("deals:similar"), {"customer_name": "Acme"}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    monkeypatch.setattr(cache, "incr", lambda _: 1 / 0)
    assert client.get(reverse("deals:similar"), {"customer_name": "Acme"}).status_code == 200


def test_likeness_is_asked_for_by_the_form_as_often_and_not_by_one_that_cannot_be_taken(
    today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(house("Aster"), today)
    rep = house("Birch")
    text = post(rep.person, form_data(today, value="nothing")).content.decode()
    assert ("Somebody has registered" in text, "Enter the amount" in text) == (False, True)
    monkeypatch.setattr(partner_pages, "CHECKS_PER_MINUTE", 2)
    monkeypatch.setattr(partner_pages, "_this_minute", lambda: 1)
    client = signed_in(rep.person)
    answers = [client.post(reverse("deals:register"), form_data(today)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert ["Somebody has registered" in answer.content.decode() for answer in answers] == [True, True, False]


def test_form_is_closed_without_rules_acceptance_or_certificate(today: datetime) -> None:
    rep = house(accepts=False)
    assert "must accept version 1" in text_of(rep.person, "deals:register")
    assert "Read and accept the rules" in text_of(manager_of(rep.partner), "deals:register")
    version = rules(requires_certified={"any_of": ["sales"], "people": 1})
    services.accept_rules(version=version, partner=rep.partner, by=manager_of(rep.partner), at=today)
    assert "Registering deals needs one person" in text_of(rep.person, "deals:register")


def test_nothing_is_open_before_the_first_rules(db: None) -> None:
    person = MembershipFactory().person
    assert "not open yet" in text_of(person, "deals:register")
    assert "not open yet" in text_of(person, "deals:engagement")


def test_manager_accepts_the_rules_for_his_company(today: datetime) -> None:
    rep = house(accepts=False)
    manager = manager_of(rep.partner)
    text = text_of(manager, "deals:engagement")
    assert text.count("<li id=") == 11
    assert "Accept version" in text
    assert "Accept version" not in text_of(rep.person, "deals:engagement")
    assert signed_in(manager).post(reverse("deals:engagement"), {"version": 1}).status_code == 302
    assert Acceptance.objects.get().accepted_by == manager
    assert "Manager Kestrel" in text_of(rep.person, "deals:engagement")


def test_list_shows_open_or_ended(today: datetime) -> None:
    rep = house()
    register(rep, today, customer_name="Openly", customer_domain="")
    move(register(rep, today, customer_name="Gone", customer_domain=""), "withdraw", rep.person, today)
    shown = {show: text_of(rep.person, "deals:mine", show=show) for show in ("open", "closed", "all", "no-such")}
    assert {show: ("Openly" in text, "Gone" in text) for show, text in shown.items()} == {
        "open": (True, False),
        "closed": (False, True),
        "all": (True, True),
        "no-such": (True, False),
    }


def test_list_for_who_belongs_to_no_partner(db: None) -> None:
    assert "You belong to no partner" in text_of(UserFactory(), "deals:mine")


def test_deal_page_offers_each_side_its_moves(today: datetime) -> None:
    rep, efua = house(), channel_manager()
    deal = register(rep, today)
    mine, theirs = (text_of(person, "deals:deal", deal.public_id) for person in (rep.person, efua))
    assert ("Withdraw the registration" in mine, "Approve the deal" in mine) == (True, False)
    assert ("Withdraw the registration" in theirs, "Approve the deal" in theirs) == (False, True)
    assert "Clause 1.1: Who brings the customer first, leads" in mine
    assert "Answer promised by" in mine


def test_moves_by_button_and_by_form(today: datetime) -> None:
    rep, efua = house(), channel_manager()
    deal = register(rep, today)
    client = signed_in(efua)

    def url(name: str) -> str:
        return reverse("deals:move", args=[deal.public_id, name])

    assert client.get(url("take")).status_code == 200
    assert client.post(url("take")).status_code == 302
    assert client.post(url("ask"), {"text": ""}).status_code == 200
    assert client.post(url("ask"), {"text": "Who decides?"}).status_code == 302
    assert signed_in(rep.person).post(url("answer"), {"text": "The CIO"}).status_code == 302
    assert client.post(url("reject"), {"reason": "thin_submission"}).status_code == 302
    assert "is “rejected” cannot" in client.post(url("take"), follow=True).content.decode()
    assert client.post(url("ask"), {"text": "Again"}).status_code == 409
    assert [client.get(url(name)).status_code for name in ("submit", "no-such")] == [404, 404]
    text = text_of(rep.person, "deals:deal", deal.public_id)
    for words in ("Too little is known to judge it", "Who decides?", "The CIO", "Dispute the decision", "Efua"):
        assert words in text


def test_conflict_form_asks_what_only_people_know(today: datetime) -> None:
    register(house("Aster"), today)
    second = register(house("Birch"), today)
    efua = channel_manager()
    url = reverse("deals:move", args=[second.public_id, "settle"])
    text = signed_in(efua).get(url).content.decode()
    assert "The customer turned to this partner by himself" in text
    assert "Clause 3.1" in text
    signed_in(efua).post(url, {"text": "Birch has the pilot", "independently": "on"})
    second.refresh_from_db()
    assert second.state == "in_review"
    found = text_of(efua, "deals:precedents", q="pilot", clause="3.1")
    assert "Birch has the pilot" in found
    assert "No decision found" in text_of(efua, "deals:precedents", q="nowhere")


def test_comments_and_tasks(today: datetime) -> None:
    rep = house()
    deal = register(rep, today)
    client = signed_in(rep.person)
    args = [deal.public_id]
    client.post(reverse("deals:comment", args=args), {"text": "<b>Hello</b>"})
    client.post(reverse("deals:task", args=args), {"title": "Send prices", "due_on": "2020-01-01"})
    task = Task.objects.get()
    text = text_of(rep.person, "deals:deal", deal.public_id)
    assert ("&lt;b&gt;Hello&lt;/b&gt;" in text, "overdue" in text, "Send prices" in text) == (True, True, True)
    for _ in range(2):
        client.post(reverse("deals:task_done", args=[*args, task.public_id]))
    task.refresh_from_db()
    assert task.done_by == rep.person
    for name, data in (("comment", {"text": ""}), ("task", {"title": "", "due_on": "x"})):
        assert client.post(reverse(f"deals:{name}", args=args), data).status_code == 200
    assert client.post(reverse("deals:comment", args=args), {"text": "a\x00"}).status_code in {200, 400}


def test_seller_is_written_down_by_the_vendor(today: datetime) -> None:
    efua, seller = channel_manager(), channel_manager("Seller")
    deal = approved(house(), today, by=efua)
    url = reverse("deals:seller", args=[deal.public_id])
    client = signed_in(efua)
    client.post(url, {"seller": seller.pk})
    deal.refresh_from_db()
    assert deal.seller == seller
    assert "approved this deal" in client.post(url, {"seller": efua.pk}, follow=True).content.decode()


def test_queue_has_the_most_urgent_first_and_says_who_is_late(today: datetime) -> None:
    rep, efua = house(), channel_manager()
    register(rep, today - timedelta(days=3), customer_name="Latecomer", customer_domain="")
    register(rep, today, customer_name="Fresh", customer_domain="")
    ending = approved(
        rep, today - timedelta(days=85), by=channel_manager("B"), customer_name="Ending", customer_domain=""
    )
    text = text_of(efua, "deals:queue")
    assert "2 deals, 1 of them late" in text
    assert text.index("Latecomer") < text.index("late: ") < text.index("Fresh") < text.index("Ending")
    assert ending.protected_until is not None


def test_board_sums_each_currency_by_itself(today: datetime) -> None:
    rep, other = house("Aster"), house("Birch")
    approved(rep, today, value="100.10")
    approved(rep, today, by=channel_manager("B"), value="200.20", customer_name="Nim", customer_domain="")
    register(rep, today, value="7", currency="JPY", customer_name="Lux", customer_domain="")
    approved(other, today, by=channel_manager("C"), value="5000", customer_name="Far", customer_domain="")
    text = text_of(rep.person, "deals:pipeline")
    assert ("300.30 EUR" in text, "7 JPY" in text, "5,300.30 EUR" in text, "Far" in text) == (True, True, False, False)
    efua = channel_manager()
    assert "5,300.30 EUR" in text_of(efua, "deals:pipeline")
    assert "300.30 EUR" in text_of(efua, "deals:pipeline", partner=rep.partner.slug)
    assert signed_in(efua).get(reverse("deals:pipeline"), {"partner": "nobody"}).status_code == 404
    assert "Far" not in text_of(rep.person, "deals:pipeline", partner=other.partner.slug)


def test_own_customers_are_kept_by_the_vendor(today: datetime) -> None:
    client = signed_in(channel_manager())
    data = {"name": "Nim", "domain": "", "country": "DE", "relation": "lead", "since_on": "2026-01-01"}
    assert client.post(reverse("deals:accounts"), data).status_code == 302
    row = VendorAccount.objects.get()
    url = reverse("deals:account", args=[row.public_id])
    assert "Nim" in client.get(url).content.decode()
    assert client.post(url, data | {"relation": "lost", "lost_on": "2026-05-01"}).status_code == 302
    assert client.post(reverse("deals:accounts"), data).status_code == 400
    assert client.post(url, data | {"relation": "lost"}).status_code == 400
    account(today, name="Other")
    assert "Other" in client.get(reverse("deals:accounts")).content.decode()


@pytest.mark.parametrize("name", ["deals:mine", "deals:queue", "deals:pipeline", "deals:precedents", "deals:deal"])
def test_page_asks_as_often_for_three_as_for_one(today: datetime, name: str) -> None:
    """Compared, not literal: the frame around the page has queries of its own."""
    rep, efua = house(), channel_manager()
    person = rep.person if name in {"deals:mine", "deals:pipeline"} else efua
    deal = register(rep, today)
    args = [deal.public_id] if name == "deals:deal" else []
    client = signed_in(person)
    client.get(reverse(name, args=args))
    with CaptureQueriesContext(connection) as one:
        client.get(reverse(name, args=args))
    for number in range(2):
        register(rep, today, customer_name=f"C{number}", customer_domain="")
        services.add_comment(deal=deal, text="Hello", by=rep.person, at=today)
        services.add_task(deal=deal, title="Call", due_on=today.date(), by=rep.person, at=today)
    with CaptureQueriesContext(connection) as three:
        client.get(reverse(name, args=args))
    assert len(three) == len(one)
