"""What deals count for a tier: approved and won ones only, each currency by itself, down to the deals."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from lms.deals.services import counted_deals, deals_behind
from lms.events.services import drain
from lms.reporting.rates import year_before
from lms.tiers import services
from tests.deals import factories as deals
from tests.factories import PartnerFactory
from tests.tiers.factories import later, programme
from tests.tiers.test_metrics import rules

pytestmark = pytest.mark.django_db


def won(rep: Any, at: datetime, **changes: Any) -> Any:
    return deals.move(deals.approved(rep, at, **changes), "win", rep.person, at)


def values(partner: Any, at: datetime) -> dict[str, Fraction]:
    return {name: one.value for name, one in services.gather_facts(partner=partner, at=at).measures.items()}


def test_without_rules_of_engagement_deals_are_not_known(now: datetime) -> None:
    facts = services.gather_facts(partner=PartnerFactory(), at=now)
    assert (facts.measures, facts.series) == ({}, {})


def test_without_deals_the_figures_are_zero_in_every_currency_of_the_rules(now: datetime) -> None:
    rep = deals.house()
    deals.register(rep, now)
    found = values(rep.partner, now)
    currencies = {name.removeprefix("won_value_12m_") for name in found if name.startswith("won_value_12m_")}
    assert currencies == {one.lower() for one in deals.document()["currencies"]}
    assert set(found.values()) == {0}


def test_won_deals_count_by_currency_and_are_named(now: datetime) -> None:
    rep = deals.house()
    old = won(rep, later(now, -400), customer_name="Old", customer_domain="old.example", value="5")
    one = won(rep, later(now, -10), customer_name="One", customer_domain="one.example", value="1000.50")
    other = won(rep, now, customer_name="Two", customer_domain="two.example", value="7", currency="USD")
    open_one = deals.approved(rep, now, customer_name="Three", customer_domain="three.example")
    deals.register(rep, now, customer_name="Four", customer_domain="four.example")
    found = services.gather_facts(partner=rep.partner, at=now)
    measures = found.measures
    assert {name: measures[name].value for name in measures if measures[name].value} == {
        "deals_approved_12m": 3,
        "deals_won_12m": 2,
        "won_value_12m_eur": Fraction("1000.5"),
        "won_value_12m_usd": 7,
    }
    assert measures["won_value_12m_eur"].references == (str(one.public_id),)
    assert set(measures["deals_approved_12m"].references) == {str(deal.public_id) for deal in (one, other, open_one)}
    assert [entry.reference for entry in found.series["deals_won"]] == [
        str(deal.public_id) for deal in (old, one, other)
    ]
    assert [entry.value for entry in found.series["won_value_eur"]] == [5, Fraction("1000.5")]
    assert services.gather_many(partners=[rep.partner], at=now)[rep.partner.pk] == found


def test_the_deals_behind_are_those_that_are_counted(now: datetime) -> None:
    rep = deals.house()
    won(rep, now, customer_name="One", customer_domain="one.example")
    rejected = deals.register(rep, now, customer_name="Two", customer_domain="two.example")
    by = deals.channel_manager("Judge")
    deals.move(rejected, "reject", by, now, reason="not_qualified")
    since, until = year_before(now), now + timedelta(seconds=1)
    counted = counted_deals(partners=[rep.partner], since=since, until=until)[rep.partner.pk]
    approved, sold = deals_behind(partners=[rep.partner], since=since, won_since=since, until=until)[rep.partner.pk]
    assert (len(approved), len(sold)) == (counted.approved, counted.won) == (1, 1)
    assert {deal.currency: deal.value for deal in sold} == counted.won_value


def test_a_won_deal_moves_the_tier_and_the_decision_names_it(now: datetime) -> None:
    programme(document=rules({"id": "won", "metric": "deals_won_12m", "gte": 1}))
    rep = deals.house()
    services.evaluate_partner(partner=rep.partner, at=later(now, -1))
    deal = won(rep, now)
    drain()
    decision = rep.partner.decisions.for_verification().order_by("-number").first()
    assert decision is not None
    assert decision.tier.slug == "select"
    assert services.verify(decision).is_genuine
    (figure,) = services.explain(decision=decision, viewer=rep.person)[1].requirements[0].figures
    assert (figure.measure.references, figure.is_of_deals) == ((str(deal.public_id),), True)
    assert figure.origin == "From registered deals that were approved"


def test_a_window_over_won_value(now: datetime) -> None:
    rule = {"metric": "won_value_eur", "window": {"months": 6}, "aggregate": "sum", "gte": 48000}
    programme(document=rules(rule))
    rep = deals.house()
    assert services.evaluate_partner(partner=rep.partner, at=later(now, -1)).tier.slug == "registered"
    won(rep, now)
    decision = services.evaluate_partner(partner=rep.partner, at=now)
    assert decision.tier.slug == "select"
    (figure,) = services.explain(decision=decision, viewer=rep.person)[1].requirements[0].figures
    assert (figure.text, figure.is_of_deals) == ("48,000", True)


def test_many_partners_ask_as_often_as_one(now: datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    reps = [deals.house(name) for name in ("A", "B", "C")]
    for rep in reps:
        won(rep, now, customer_name=rep.partner.name, customer_domain=f"{rep.partner.name.lower()}.example")
    for some in (reps[:1], reps):
        with django_assert_num_queries(11):
            services.gather_many(partners=[rep.partner for rep in some], at=now)
