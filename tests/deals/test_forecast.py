"""The forecast: weights that the vendor says, sums that agree wherever they are shown, and what was measured beside."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from lms.accounts.models import AuditEntry
from lms.deals import services
from lms.deals.models import Deal, StageWeights
from lms.deals.money import MINOR_UNITS, rounded
from lms.deals.moves import State
from lms.deals.stages import DEFAULT_WEIGHTS, STAGE_OF
from tests.deals.factories import approved, channel_manager, head_of_channel, house, move, register
from tests.deals.test_files_and_api import client
from tests.deals.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
WEIGHTS = {"waiting": 10, "asked": 5, "contested": 0, "protected": 60}


def set_weights(**changes: Any) -> StageWeights:
    words = {"weights": WEIGHTS, "reason": "Our sales review", "by": head_of_channel(), "at": NOW} | changes
    return services.set_weights(**words)


def forecast(at: datetime = NOW) -> services.Forecast:
    return services.forecast(Deal.objects.all(), weights=services.weights_in_force(), at=at)


def told(sums: Any) -> list[tuple[str, int, str, str, str]]:
    return [(one.currency, one.count, one.amount, one.approved_amount, one.weighted_amount) for one in sums]


def test_every_state_stands_in_one_stage() -> None:
    assert set(STAGE_OF) == set(State)


def test_value_counts_with_the_weight_of_its_stage_per_currency() -> None:
    """Months in order; what is over stands apart; currencies are not added."""
    set_weights()
    rep, other = house(), house("Other")
    approved(rep, NOW, value="1000.50", close_month=date(2026, 12, 1))
    register(rep, NOW, customer_name="B", customer_domain="", value="200", close_month=date(2026, 12, 1))
    register(
        other, NOW, customer_name="C", customer_domain="", value="5", currency="JPY", close_month=date(2026, 11, 1)
    )
    late = register(other, NOW, customer_name="D", customer_domain="", value="90")
    Deal.objects.filter(pk=late.pk).update(close_month=date(2026, 10, 1))
    won = approved(rep, NOW, by=channel_manager("Second"), customer_name="E", customer_domain="")
    move(won, "win", rep.person, NOW)
    found = forecast()
    assert [(group.month, told(group.sums)) for group in found.months] == [
        (date(2026, 11, 1), [("JPY", 1, "5 JPY", "0 JPY", "0 JPY")]),
        (date(2026, 12, 1), [("EUR", 2, "1,200.50 EUR", "1,000.50 EUR", "620.30 EUR")]),
    ]
    assert [(group.month, told(group.sums)) for group in found.overdue] == [
        (date(2026, 10, 1), [("EUR", 1, "90 EUR", "0 EUR", "9 EUR")])
    ]
    assert [one.currency for one in found.totals] == ["EUR", "JPY"]
    assert [(group.name, len(group.sums)) for group in found.partners] == [("Kestrel", 1), ("Other", 1)]
    assert forecast(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)).months[0].month == date(2026, 12, 1)
    assert forecast(datetime(2027, 1, 1, tzinfo=UTC)).months == ()


@given(st.decimals(min_value=0, max_value=10**12, places=5), st.sampled_from(sorted(MINOR_UNITS)))
def test_rounding_is_to_the_currency_and_near(amount: Decimal, currency: str) -> None:
    found = rounded(amount, currency)
    unit = Decimal(1).scaleb(-MINOR_UNITS[currency])
    assert (found % unit, abs(found - amount) <= unit / 2) == (0, True)


def test_weights_are_assumptions_until_somebody_sets_them() -> None:
    assert services.weights_in_force() == services.Weights(by_stage=DEFAULT_WEIGHTS, said=None)
    first = set_weights()
    assert set_weights(by=first.set_by, at=NOW + timedelta(days=1)) == first
    second = set_weights(by=first.set_by, reason="Measured", at=NOW + timedelta(days=2))
    assert services.weights_in_force() == services.Weights(by_stage=WEIGHTS, said=second)
    assert (StageWeights.objects.count(), AuditEntry.objects.filter(action="deals.set_weights").count()) == (2, 2)


def test_who_did_not_see_the_newest_weights_is_told_and_decides() -> None:
    portal, other = head_of_channel(), head_of_channel("Uma")
    set_weights(by=portal, seen="")
    with pytest.raises(
        services.WeightsOvertaken, match="Ruben set other weights while you were typing: waiting for us"
    ):
        set_weights(by=other, reason="Mine", seen="")
    browser, address = signed_in(other), reverse("deals:weights")
    data = dict.fromkeys(WEIGHTS, "11") | {"reason": "Mine", "seen": ""}
    told = browser.post(address, data)
    page = told.content.decode()
    assert (told.status_code, "Ruben set other weights" in page, 'value="11"' in page) == (409, True, True)
    seen = page.split('name="seen" value="')[1].split('"')[0]
    unclear = browser.post(address, data | {"waiting": "x"}).content.decode()
    assert 'name="seen" value=""' in unclear  # a mistyped number does not say that he has seen them
    assert browser.post(address, data | {"seen": seen}).status_code == 302
    assert services.weights_in_force().by_stage == dict.fromkeys(WEIGHTS, 11)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weights": WEIGHTS | {"waiting": 101}}, "waiting"),
        ({"weights": WEIGHTS | {"protected": -1}}, "protected"),
        ({"weights": {"waiting": 1}}, "asked"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_weights_that_cannot_be_name_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(services.BadWeights) as refused:
        set_weights(**changes)
    assert (refused.value.field, StageWeights.objects.count()) == (field, 0)


def test_only_portal_managers_set_weights() -> None:
    for person in (channel_manager(), house().person):
        with pytest.raises(services.NotYourMove):
            set_weights(by=person)


def test_database_takes_percentages_with_a_reason_only() -> None:
    set_weights()
    for change in ({"waiting": 101}, {"asked": 101}, {"contested": 101}, {"protected": 101}, {"reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StageWeights.objects.update(**change)


def test_share_is_of_ended_deals_that_stood_in_the_stage() -> None:
    """Of twenty, in the four whole quarters before; an open deal and one that ended this quarter say nothing."""
    assert services.measured_quarters(NOW) == (datetime(2025, 10, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
    rep, manager = house(), channel_manager()
    at = datetime(2026, 8, 1, tzinfo=UTC)
    for number in range(22):
        deal = register(rep, at, customer_name=f"Customer {number}", customer_domain="")
        if number == 20:
            continue  # still open
        move(deal, "approve", manager, at)
        ended_at = NOW if number == 21 else at
        move(deal, "win" if number < 7 else "lose", rep.person, ended_at, reason="" if number < 7 else "price")
    shares = services.measured_shares(Deal.objects.all(), at=NOW)
    assert (shares["waiting"], shares["protected"]) == (services.Measured(ended=20, won=7),) * 2
    assert (shares["waiting"].percent, shares["asked"]) == (35, services.Measured(ended=0, won=0))
    assert services.Measured(ended=19, won=19).percent is None


@pytest.mark.parametrize("count", [1, 3])
def test_figures_ask_the_same_for_one_and_three(count: int, django_assert_num_queries: Any) -> None:
    for number in range(count):
        register(house(f"House {number}"), NOW, customer_name=f"C{number}", customer_domain="")
    with django_assert_num_queries(3):
        forecast()
        services.measured_shares(Deal.objects.all(), at=NOW)


# --- Pages, files and API ---


def test_page_files_and_api_say_the_same() -> None:
    now = timezone.now()
    set_weights(weights=WEIGHTS | {"waiting": 33}, at=now)
    one, two = house("Aster"), house("Birch")
    for rep, value in ((one, "0.05"), (one, "10.01"), (two, "7.77")):
        register(rep, now, customer_name=f"C {value}", customer_domain="", value=value)
    manager = channel_manager()
    lines = list(csv.DictReader(io.StringIO(file(manager, "csv").decode("utf-8-sig"), newline="")))
    assert [(line["partner"], line["deals"], line["weighted_value"]) for line in lines] == [
        ("Aster", "2", "3.32"),
        ("Birch", "1", "2.56"),
    ]
    book = openpyxl.load_workbook(io.BytesIO(file(manager, "xlsx")))
    assert [[cell.value for cell in row] for row in book.active.iter_rows(min_row=2)] == [
        list(line.values()) for line in lines
    ]
    for person, query, total in (
        (manager, {}, "5.88"),
        (manager, {"partner": "birch"}, "2.56"),
        (one.person, {}, "3.32"),
    ):
        if query:
            query = {"partner": two.partner.slug}
        assert f"{total} EUR" in text_of(person, "deals:pipeline", **query)
        answer = client(person).get(reverse("api-v1:deal-forecast"), query).json()
        assert [row["weighted_value"] for row in answer["totals"]] == [f"{total}0"]
        assert answer["months"] == [{"month": f"{now:%Y-%m}", "sums": answer["totals"]}]
        assert (answer["overdue"], answer["weights"][0]["percent"], answer["weights"][0]["measured_percent"]) == (
            *([], 33),
            None,
        )
    assert b"Aster" not in file(two.person, "csv", partner=one.partner.slug)


def file(person: Any, form: str, **query: str) -> bytes:
    response = signed_in(person).get(reverse("deals:forecast_export", args=[form]), query)
    assert (response.status_code, response.streaming) == (200, True)
    return b"".join(response)


def test_page_says_where_weights_come_from_and_what_is_overdue() -> None:
    now, rep = timezone.now(), house()
    deal = register(rep, now)
    Deal.objects.filter(pk=deal.pk).update(close_month=date(2026, 1, 1))
    page = text_of(rep.person, "deals:pipeline")
    for words in ("nobody has set them yet", "too few to say: 0 of 20", "Month is over", "January 2026"):
        assert words in page
    assert ("No open deal should close" in page, "Counts 20% in the forecast" in page) == (True, True)
    assert reverse("deals:weights") not in page
    set_weights(at=now)
    assert "Our sales review" in text_of(rep.person, "deals:pipeline")
    page = text_of(channel_manager(), "deals:pipeline")
    assert ("Forecast by partner" in page, reverse("deals:weights") in page) == (False, True)


def test_weights_are_set_on_their_page_by_portal_managers() -> None:
    url, boss = reverse("deals:weights"), head_of_channel()
    data = {name: str(percent) for name, percent in WEIGHTS.items()} | {"reason": "Review of autumn"}
    assert "Change the weights" not in text_of(channel_manager(), "deals:weights")
    assert signed_in(boss).post(url, data | {"asked": "101"}).status_code == 200
    assert signed_in(boss).post(url, data | {"reason": " "}).status_code == 200
    assert StageWeights.objects.count() == 0
    page = signed_in(boss).post(url, data, follow=True).content.decode()
    assert ("counts with these weights" in page, "Review of autumn" in page) == (True, True)
    assert signed_in(channel_manager("Second")).post(url, data).status_code == 403
