"""Pages of a file of deals: from the upload to what became of each row."""

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import Deal, DealImport
from tests.deals.factories import channel_manager, house, manager_of
from tests.deals.test_importing import row, run, text, upload
from tests.deals.test_pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def send(person: User, data: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("Pipeline.csv", data)
    return signed_in(person).post(reverse("deals:imports"), {"file": file, **fields})


def test_from_upload_to_deal(now: datetime, django_capture_on_commit_callbacks: Any) -> None:
    partner = house().partner
    boss, client = manager_of(partner), signed_in(manager_of(partner))
    response = send(boss, text(row(now, Country=""), row(now, Customer="=1+1", Website="", Amount="x")))
    made = DealImport.objects.get()
    assert (response.url, made.partner) == (reverse("deals:import_columns", args=[made.public_id]), partner)
    page = text_of(boss, "deals:import_columns", made.public_id)
    for words in ("Customer (Acme GmbH)", "Germany", 'value="same:DE"', "Forty shops", "2 rows"):
        assert words in page
    assert "Partner" not in page.partition("<form class")[2].partition("</form>")[0]
    mapping = made.mapping | {"customer_country": "same:DE"}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(response.url, mapping)
    page = text_of(boss, "deals:import", made.public_id)
    assert ("1 of 2 rows would be registered" in page, "Import the good rows only" in page) == (True, True)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("deals:import", args=[made.public_id]))
    deal = Deal.objects.get()
    page = text_of(boss, "deals:import", made.public_id)
    assert ("1 registered, 1 left out" in page, reverse("deals:deal", args=[deal.public_id]) in page) == (True, True)
    assert "Refused: 1" in text_of(boss, "deals:import", made.public_id, show="refused")
    response = client.get(reverse("deals:import_left_out", args=[made.public_id]))
    lines = list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"), newline="")))
    assert (lines[0][:3], lines[1][0], lines[1][2]) == (["row", "why", "Customer"], "3", "'=1+1")
    assert "Imported" in text_of(boss, "deals:imports")
    assert client.get(reverse("deals:import_columns", args=[made.public_id])).status_code == 302


def test_page_asks_itself_again_while_it_runs_and_tells_how_far_it_is(now: datetime) -> None:
    partner = house().partner
    boss = manager_of(partner)
    made = services.ask_import(partner=partner, data=text(row(now)), name="x", by=boss, at=now)
    address = reverse("deals:import", args=[made.public_id])
    assert signed_in(boss).get(address).url == reverse("deals:import_columns", args=[made.public_id])
    services.map_columns(deal_import=made, mapping=made.mapping, by=boss, at=now)
    response = signed_in(boss).get(address)
    assert (response["Refresh"], "Row 0 of 1" in response.content.decode()) == ("2", True)
    assert "Import all rows" not in response.content.decode()


def test_refused_file_and_columns_stay_in_their_forms(now: datetime) -> None:
    partner = house().partner
    boss = manager_of(partner)
    response = send(boss, b"a\n\xff")
    assert (response.status_code, "not UTF-8" in response.content.decode()) == (400, True)
    response = send(boss, b"a" * 2_000_001)
    assert (response.status_code, "more than 2 MB" in response.content.decode()) == (400, True)
    made = services.ask_import(partner=partner, data=text(row(now)), name="x", by=boss, at=now)
    address = reverse("deals:import_columns", args=[made.public_id])
    response = signed_in(boss).post(address, made.mapping | {"need": "column:77"})
    assert (response.status_code, DealImport.objects.get().round) == (200, 0)
    page = signed_in(boss).post(reverse("deals:import", args=[made.public_id]), follow=True).content.decode()
    assert "No row of this file can be registered" in page


def test_nothing_is_imported_by_discarding(now: datetime) -> None:
    partner = house().partner
    boss = manager_of(partner)
    made = upload(boss, now, row(now), partner=partner)
    address = reverse("deals:import_discard", args=[made.public_id])
    page = signed_in(boss).post(address, follow=True).content.decode()
    assert ("is forgotten" in page, DealImport.objects.count()) == (True, 0)
    made = run(upload(boss, now, row(now), partner=partner), boss, now)
    page = signed_in(boss).post(reverse("deals:import_discard", args=[made.public_id]), follow=True).content.decode()
    assert "imported already" in page


def test_channel_manager_chooses_whose_deals_they_are(now: datetime) -> None:
    partner, ours = house().partner, channel_manager()
    send(ours, text(row(now)), partner=str(partner.pk))
    send(ours, text(row(now)))
    one, many = DealImport.objects.order_by("pk")
    assert (one.partner, many.partner) == (partner, None)
    page = text_of(ours, "deals:import_columns", many.public_id)
    assert f'value="same:{partner.slug}"' in page
    page = text_of(channel_manager("Other"), "deals:imports")
    assert "Pipeline.csv" not in page


def test_columns_are_shown_without_rules_in_force(now: datetime) -> None:
    ours = channel_manager()
    made = services.ask_import(partner=None, data=text(row(now)), name="x", by=ours, at=now)
    assert "Which column is which" in text_of(ours, "deals:import_columns", made.public_id)


def test_manager_who_is_none_any_more_sees_no_file(now: datetime) -> None:
    rep = house()
    boss = manager_of(rep.partner)
    made = services.ask_import(partner=rep.partner, data=text(row(now)), name="x", by=boss, at=now)
    boss.memberships.update(role="member")
    client = signed_in(User.objects.get(pk=boss.pk))
    assert client.get(reverse("deals:import", args=[made.public_id])).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_rows_ask_the_same_for_one_and_three(now: datetime, count: int, django_assert_num_queries: Any) -> None:
    partner = house().partner
    boss = manager_of(partner)
    rows = [row(now, Customer=name, Website="") for name in ("One", "Two", "Three")][:count]
    made = run(upload(boss, now, *rows, partner=partner), boss, now)
    client = signed_in(boss)
    with django_assert_num_queries(ROWS_QUERIES):
        page = client.get(reverse("deals:import", args=[made.public_id])).content.decode()
    assert page.count(">Registered</span>") == count


ROWS_QUERIES = 9
