"""Keys of names and domains, likeness, and that nothing of others is told."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from lms.deals import services
from lms.deals.matching import domain_key, name_key
from lms.deals.services import Likeness
from lms.partners.models import Partner
from tests.deals.factories import account, house, move, register

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name",
    ["ACME", "Acme GmbH", "acme  gmbh", "Ａｃｍｅ", "acme.com", "Ac\u200bme", "АСМЕ", "Асme", "A.C.M.E. Inc.", "Acme GmbH & Co. KG", "Ácme", "acme, s.r.o."],
)  # fmt: skip
def test_ways_to_write_one_name(name: str) -> None:
    """BIZ-02."""
    assert name_key(name) == "acme"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("株式会社アクメ", "アクメ"),
        ("Müller & Söhne GmbH", "muller sohne"),
        ("L'Oréal SA", "loreal"),
        ("ООО Ромашка", "ooo ромашка"),
        ("Ромашка ООО", "ромашка"),
        ("GmbH", "gmbh"),
        ("&", ""),
        ("!!!", ""),
        ("Łódź Tram", "lodz tram"),
    ],
)
def test_key_of_a_name(name: str, key: str) -> None:
    assert name_key(name) == key


@given(st.text(max_size=300))
def test_key_of_anything_is_stable(text: str) -> None:
    key = name_key(text)
    assert len(key) <= 200
    assert name_key(key) in {key, *(key.rsplit(" ", count)[0] for count in range(1, 40))}
    assert len(domain_key(text)) <= 200


@pytest.mark.parametrize(
    ("domain", "key"),
    [
        ("https://www.shop.acme.co.uk/x?y#z", "acme.co.uk"),
        ("WWW.ACME.COM.", "acme.com"),
        ("info@acme.de", "acme.de"),
        ("acme.com:8080", "acme.com"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("somebody@gmail.com", ""),
        ("acme", ""),
        ("1.2.3.4", ""),
        ("javascript:alert(1)", ""),
        ("a..b", ""),
        ("-a.com", ""),
        ("", ""),
    ],
)
def test_key_of_a_domain(domain: str, key: str) -> None:
    assert domain_key(domain) == key


def likeness(partner: Partner, name: str, **changes: str) -> Likeness:
    fields = {"domain": "", "country": "DE", "product": ""} | changes
    return services.find_similar(partner=partner, name=name, **fields).likeness


@pytest.fixture
def other(now: datetime) -> Partner:
    """A partner that sees nothing of what "Aster" registered."""
    register(house("Aster"), now, customer_name="Bergmann Logistik GmbH", customer_domain="bergmann.example")
    return house("Birch").partner


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Bergmann Logistik", Likeness.SAME),
        ("BERGMANN LOGISTIK AG", Likeness.SAME),
        ("Bergman Logistik", Likeness.ALIKE),
        ("Logistik Bergmann", Likeness.ALIKE),
        ("Bergmann Logistics", Likeness.ALIKE),
        ("Baumann Lacke", Likeness.NONE),
        ("Nim", Likeness.NONE),
        ("B", Likeness.NONE),
    ],
)
def test_likeness_of_names(other: Partner, name: str, found: Likeness) -> None:
    """The same pairs decide on SQLite (RapidFuzz) and on PostgreSQL (trigrams)."""
    assert likeness(other, name) == found


def test_likeness_asks_the_domain_and_the_country(other: Partner) -> None:
    assert likeness(other, "Something else", domain="www.bergmann.example") == Likeness.SAME
    assert likeness(other, "Bergmann Logistik", country="FR") == Likeness.NONE
    assert likeness(other, "Bergmann Logistik", product="halden-care") == Likeness.ALIKE
    assert likeness(other, "Bergmann Logistik", product="halden-sites") == Likeness.SAME


def test_customer_of_the_vendor_is_likened_too(other: Partner, now: datetime) -> None:
    account(now, "lead", name="Nimbus")
    account(now, "lost", name="Cirrus", lost_on=now.date())
    assert (likeness(other, "NIMBUS AG"), likeness(other, "Cirrus")) == (Likeness.SAME, Likeness.NONE)


def test_what_was_let_go_is_likened_no_more(now: datetime) -> None:
    rep = house("Aster")
    deal = register(rep, now)
    partner = house("Birch").partner
    assert likeness(partner, "Acme") == Likeness.SAME
    move(deal, "withdraw", rep.person, now + timedelta(days=1))
    assert likeness(partner, "Acme") == Likeness.NONE


def test_own_deals_are_shown_and_not_likened(now: datetime) -> None:
    rep = house("Aster")
    deal = register(rep, now)
    found = services.find_similar(partner=rep.partner, name="ACME", domain="", country="DE")
    assert (found.likeness, found.own) == (Likeness.NONE, (deal,))


@pytest.mark.postgres
def test_trigrams_have_an_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'deals_held_name_trigrams'")
        (definition,) = cursor.fetchone()
    assert "gin_trgm_ops" in definition
    assert "WHERE holds" in definition
