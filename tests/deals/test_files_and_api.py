"""Exports that are harmless, and the API with the same permissions and services."""

import csv
import io
from datetime import datetime
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from lms.accounts.models import User
from lms.deals.models import Deal
from tests.deals.factories import accept, channel_manager, give, house, manager_of, register
from tests.deals.test_pages import signed_in

pytestmark = pytest.mark.django_db
LEAD_LIST_QUERIES = 2
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1"]


@pytest.fixture
def today() -> datetime:
    return timezone.now()


def content(person: User, form: str, **query: str) -> bytes:
    response = signed_in(person).get(reverse("deals:export", args=[form]), query)
    assert response.streaming
    return b"".join(response)


def test_csv_has_every_deal_and_no_formula(today: datetime) -> None:
    """OUT-01."""
    rep = house()
    for number, formula in enumerate(FORMULAS):
        register(rep, today, customer_name=f"{formula}{number}", customer_domain="", next_step=formula)
    text = content(rep.person, "csv").decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(lines) == len(FORMULAS)
    assert {line["next_step"] for line in lines} == {f"'{formula}" for formula in FORMULAS}
    assert all(line["customer"].startswith("'") for line in lines)
    assert {(line["value"], line["currency"], line["state"]) for line in lines} == {("48000.00", "EUR", "submitted")}
    assert {line["origin"] for line in lines} == {"partner"}


def test_xlsx_has_text_cells_only(today: datetime) -> None:
    """OUT-02, OUT-03."""
    rep = house()
    register(rep, today, customer_name="=1+1", customer_domain="", need="A\x0bB\tC")
    book = openpyxl.load_workbook(io.BytesIO(content(rep.person, "xlsx")))
    rows = list(book.active.iter_rows())
    assert len(rows) == 2
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"s"}
    assert [cell.value for cell in rows[1]][2] == "'=1+1"


def test_export_holds_own_rows_whatever_is_asked(today: datetime) -> None:
    """OUT-05."""
    one, two = house("Aster"), house("Birch")
    register(one, today, customer_name="Secret")
    assert b"Secret" not in content(two.person, "csv", partner=one.partner.slug)
    efua = channel_manager()
    assert b"Secret" in content(efua, "csv")
    assert b"Secret" not in content(efua, "csv", partner=two.partner.slug)


def client(person: User | None) -> APIClient:
    found = APIClient()
    if person is not None:
        found.force_authenticate(person)
    return found


def body(today: datetime, **changes: Any) -> dict[str, Any]:
    fields = {
        "customer_name": "Acme",
        "customer_domain": "acme.example",
        "customer_country": "DE",
        "product": "halden-sites",
        "value": "48000.10",
        "currency": "EUR",
        "close_month": f"{today:%Y-%m}",
        "need": "Shops",
        "next_step": "Demo",
    }
    return fields | changes


def test_api_registers_once_per_key(today: datetime) -> None:
    """BIZ-14."""
    rep = house()
    url, key = reverse("api-v1:deals"), {"HTTP_IDEMPOTENCY_KEY": str(uuid4())}
    answers = [client(rep.person).post(url, body(today), **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["value"], answers[0].json()["state"]) == ("48000.100", "submitted")
    assert client(rep.person).post(url, body(today, need="Other"), **key).status_code == 422
    assert client(rep.person).post(url, body(today), HTTP_IDEMPOTENCY_KEY="x").status_code == 400
    assert client(rep.person).post(url, body(today)).json()["type"] == "urn:laurel:problem:already_registered"
    assert Deal.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"value": "NaN"}, {"value": 48000.1}, {"value": "-1"}, {"currency": "ZZZ"}, {"close_month": "soon"}, {"need": ""}],
)
def test_api_refuses_what_no_deal_can_have(today: datetime, changes: dict[str, Any]) -> None:
    """BIZ-06."""
    response = client(house().person).post(reverse("api-v1:deals"), body(today, **changes))
    assert (response.status_code, list(response.json()["errors"])) == (400, list(changes))


def test_api_shows_own_deals_and_all_to_channel_roles(today: datetime) -> None:
    one, two = house("Aster"), house("Birch")
    deal = register(one, today)
    register(two, today, customer_name="Nim", customer_domain="")
    url = reverse("api-v1:deals")
    names = {
        who: [row["customer_name"] for row in client(person).get(url).json()["results"]]
        for who, person in {"one": one.person, "two": two.person, "channel": channel_manager()}.items()
    }
    assert names == {"one": ["Acme GmbH"], "two": ["Nim"], "channel": ["Nim", "Acme GmbH"]}
    assert client(one.person).get(url, {"state": "won"}).json()["results"] == []
    for name in ("deal", "deal-comments"):
        assert client(two.person).get(reverse(f"api-v1:{name}", args=[deal.public_id])).status_code == 404
    moves = reverse("api-v1:deal-moves", args=[deal.public_id])
    assert client(two.person).post(moves, {"move": "withdraw"}).status_code == 404
    assert client(None).get(url).status_code in {401, 403}


def test_api_moves_by_the_same_rules(today: datetime) -> None:
    rep = house()
    deal = register(rep, today)
    url = reverse("api-v1:deal-moves", args=[deal.public_id])
    efua = channel_manager()
    assert client(rep.person).post(url, {"move": "approve"}).status_code == 403
    assert client(efua).post(url, {"move": "reject", "reason": "no"}).status_code == 400
    assert client(efua).post(url, {"move": "submit"}).status_code == 400
    approved = client(efua).post(url, {"move": "approve"}).json()
    assert (approved["state"], approved["is_eligible"]) == ("approved", True)
    assert client(efua).post(url, {"move": "approve"}).status_code == 409


def test_api_comments(today: datetime) -> None:
    rep = house()
    deal = register(rep, today)
    url = reverse("api-v1:deal-comments", args=[deal.public_id])
    assert client(rep.person).post(url, {"text": "Hello"}).status_code == 201
    assert client(manager_of(rep.partner)).post(url, {"text": ""}).status_code == 400
    found = client(rep.person).get(url).json()["results"]
    assert [(one["author"], one["text"]) for one in found] == [("Rep Kestrel", "Hello")]


def test_api_lists_leads_as_far_as_a_person_sees_them(today: datetime) -> None:
    one, two = house("Aster"), house("Birch")
    giver = channel_manager()
    mine = give(one.partner, today, by=giver)
    url = reverse("api-v1:leads")
    read = client(one.person).get(url).json()["results"]
    assert [(row["id"], row["state"], row["value"], row["deal"]) for row in read] == [
        (str(mine.public_id), "offered", "48000.000", None)
    ]
    assert client(two.person).get(url).json()["results"] == []
    assert len(client(giver).get(url, {"state": "offered"}).json()["results"]) == 1
    assert client(giver).get(url, {"state": "declined"}).json()["results"] == []
    detail = reverse("api-v1:lead", args=[mine.public_id])
    assert client(one.person).get(detail).json() == read[0]
    assert client(two.person).get(detail).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_api_lists_leads_in_the_same_queries(
    today: datetime, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rep = house()
    for number in range(count):
        lead = give(rep.partner, today, customer_name=f"Shop {number}", customer_domain="", by=channel_manager())
        accept(lead, rep.person, today)
    asking = client(rep.person)
    with django_assert_num_queries(LEAD_LIST_QUERIES):
        assert len(asking.get(reverse("api-v1:leads")).json()["results"]) == count


def test_api_accepts_a_lead_once(today: datetime) -> None:
    rep, efua = house(), channel_manager()
    lead = give(rep.partner, today, by=efua)
    url = reverse("api-v1:lead-accept", args=[lead.public_id])
    words = {"value": "50000.5", "currency": "EUR", "close_month": f"{today:%Y-%m}", "next_step": "Call"}
    assert client(house("Other").person).post(url, words).status_code == 404
    assert client(efua).post(url, words).status_code == 403
    for field, wrong in (("value", 5.5), ("value", "NaN"), ("currency", "ZZZ"), ("close_month", "soon")):
        refused = client(rep.person).post(url, words | {field: wrong}, format="json")
        assert (refused.status_code, list(refused.json()["errors"])) == (400, [field])
    answers = [client(rep.person).post(url, words) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["state"], answers[0].json()["value"]) == ("approved", "50000.500")
    late = client(manager_of(rep.partner)).post(url, words)
    assert (late.status_code, late["Content-Type"], late.json()["type"]) == (
        409,
        "application/problem+json",
        "urn:laurel:problem:illegal_move",
    )


def test_api_declines_a_lead_for_a_reason(today: datetime) -> None:
    rep, efua = house(), channel_manager()
    lead = give(rep.partner, today, by=efua)
    url = reverse("api-v1:lead-decline", args=[lead.public_id])
    assert client(efua).post(url, {"reason": "too_small"}).status_code == 403
    assert list(client(rep.person).post(url, {"reason": "bored"}).json()["errors"]) == ["reason"]
    answer = client(rep.person).post(url, {"reason": "too_small", "text": "Two shops"})
    assert (answer.status_code, answer.json()["state"]) == (200, "declined")
    assert client(rep.person).post(url, {"reason": "too_small"}).status_code == 404
    assert (lead.moves.get(move="decline").text, lead.moves.get(move="decline").by) == ("Two shops", rep.person)
