"""Figures on deals in reports: the same number in every form, and who counts as having worked on a deal."""

import io
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pytest
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from lms.accounts.models import User
from lms.accounts.services import note_closed_accounts
from lms.deals import services as deal_services
from lms.portal import reports
from lms.portal.reports.deals import figures_of_deals
from tests.deals import factories as deals
from tests.factories import MembershipFactory
from tests.portal.conftest import House
from tests.portal.test_reports import body, rows_of
from tests.tiers.factories import certify

pytestmark = pytest.mark.django_db


@pytest.fixture
def selling(kestrel: House, at: datetime) -> House:
    """Kestrel's rep registered three deals, one of them won and one rejected; of three certified people he and the
    manager, who set a task, worked on one; the third is the professor."""
    version = deals.rules()
    deal_services.accept_rules(version=version, partner=kestrel.partner, by=kestrel.manager.person, at=at)
    for membership in (kestrel.rep, kestrel.manager, MembershipFactory(partner=kestrel.partner)):
        certify(membership, at - timedelta(days=3))
    hour_ago = at - timedelta(hours=1)
    one, two, three = (
        deals.register(kestrel.rep, hour_ago, customer_name=name, customer_domain=f"{name.lower()}.example")
        for name in ("Acme", "Birch", "Cedar")
    )
    judge = deals.channel_manager("Judge")
    deals.move(deals.move(one, "approve", judge, hour_ago), "win", kestrel.rep.person, hour_ago)
    deals.move(two, "reject", judge, hour_ago, reason="not_qualified")
    due = (at + timedelta(days=5)).date()
    deal_services.add_task(deal=three, title="Call them", due_on=due, by=kestrel.manager.person, at=hour_ago)
    return kestrel


WANTED = {
    "deals_registered": ("Deals registered", "3", 3, None),
    "deals_closed": ("Registered deals that have ended", "66%", 2, 3),
    "certified_sellers": ("Certified people who worked on a deal", "66%", 2, 3),
}


def test_the_figures_are_the_same_everywhere(client: Any, selling: House, at: datetime) -> None:
    client.force_login(selling.manager.person)
    own = [selling.partner.public_id]

    def file(form: str) -> bytes:
        content: bytes = body(client.get(reverse("portal:partner_report_file", args=[*own, form])))
        return content

    page = client.get(reverse("portal:partner_report", args=own)).content.decode()
    csv_rows = {row[0]: row[1:4] for row in rows_of(file("csv"))}
    sheet = openpyxl.load_workbook(io.BytesIO(file("xlsx")))["Figures"]
    cells = {row[0].value: [cell.value for cell in row[1:4]] for row in sheet.rows}
    text = "\n".join(one.extract_text() for one in PdfReader(io.BytesIO(file("pdf"))).pages)
    answer = client.get(f"/api/v1/partners/{own[0]}/report/").json()
    api = {one["key"]: (one["label"], one["value"], one["numerator"], one["denominator"]) for one in answer["figures"]}
    for key, (label, value, numerator, denominator) in WANTED.items():
        assert label in page
        assert csv_rows[label] == [value, str(numerator), "" if denominator is None else str(denominator)]
        assert cells[label] == [value, numerator, denominator]
        assert f"{label}: {value}" in text
        assert api[key] == (label, value, numerator, denominator)
    assert "1 of them were won" in page


def test_what_becomes_of_a_deal_later_changes_no_report_of_before(
    selling: House, at: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    quarter, year = at + timedelta(days=2), at + timedelta(days=300)

    def told(until: datetime) -> dict[str, tuple[str, int, int | None]]:
        with django_assert_num_queries(4):
            figures = figures_of_deals(selling.partner, until)
        return {one.key: (one.definition, one.numerator, one.denominator) for one in figures}

    before = told(quarter)
    open_one = selling.partner.deals.get(customer_name="Cedar")
    deals.move(open_one, "approve", deals.channel_manager("Later"), quarter)
    deals.move(open_one, "win", selling.rep.person, year)
    rejected = selling.partner.deals.get(customer_name="Birch")
    deals.move(rejected, "dispute", selling.rep.person, quarter, text="You overlooked the tender.")
    assert told(quarter) == before
    after = told(year + timedelta(seconds=1))["deals_closed"]
    assert (after[1:], "2 of them were won" in after[0]) == ((2, 3), True)


def test_account_closed_later_changes_no_report_of_before(selling: House, at: datetime) -> None:
    quarter, closed = at + timedelta(days=2), at + timedelta(days=30)
    person = selling.rep.person
    wanted = _sellers(selling, quarter)
    assert wanted == (2, 3)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert _sellers(selling, quarter) == wanted
    assert note_closed_accounts(at=closed) == 1
    assert _sellers(selling, quarter) == wanted
    assert _sellers(selling, closed + timedelta(days=1)) == (1, 2)


def _sellers(house: House, until: datetime) -> tuple[int, int | None]:
    (found,) = (one for one in figures_of_deals(house.partner, until) if one.key == "certified_sellers")
    return found.numerator or 0, found.denominator


@pytest.mark.parametrize("kind", ["portfolio", "overview"])
def test_over_all_partners_registrations_are_per_active_partner(selling: House, merlin: House, kind: str) -> None:
    at = datetime.now(tz=selling.partner.tier_since.tzinfo)  # type: ignore[union-attr]
    report = reports.build(kind=kind, partner=None, at=at)
    registered = report.figure("deals_registered")
    assert (registered.value, registered.numerator, registered.denominator) == ("not known", 3, 0)
    assert (report.figure("deals_closed").numerator, report.figure("deals_closed").denominator) == (2, 3)
    assert report.figure("certified_sellers").value == "66%"


def test_active_partners_are_those_of_last_month(selling: House, at: datetime) -> None:
    from lms.reporting.models import PartnerPeriod
    from lms.reporting.services import last_whole_month

    month = last_whole_month(at)
    for partner, people in ((selling.partner.public_id, 2), (MembershipFactory().partner.public_id, 0)):
        PartnerPeriod.objects.create(partner_public_id=partner, unit="month", start=month, people=people)
    other = MembershipFactory().partner.public_id
    PartnerPeriod.objects.create(partner_public_id=other, unit="month", start=month, people=1)
    figure = reports.build(kind="overview", partner=None, at=at).figure("deals_registered")
    assert (figure.value, figure.denominator) == ("1.5", 2)


def test_what_was_done_long_ago_or_for_another_partner_counts_for_nothing(
    selling: House, merlin: House, at: datetime
) -> None:
    later = at + timedelta(days=400)
    figure = reports.build(kind="partner", partner=selling.partner, at=later).figure("certified_sellers")
    assert figure.numerator == 0
    certify(merlin.rep, at - timedelta(days=3))
    figure = reports.build(kind="partner", partner=merlin.partner, at=at).figure("certified_sellers")
    assert (figure.value, figure.numerator, figure.denominator) == ("0%", 0, 1)


def test_without_rules_of_engagement_there_are_no_such_figures(kestrel: House, at: datetime) -> None:
    keys = {figure.key for figure in reports.build(kind="partner", partner=kestrel.partner, at=at).figures}
    assert not keys & WANTED.keys()


def test_whoever_wrote_or_finished_something_worked_on_a_deal(selling: House, at: datetime) -> None:
    professor = selling.partner.memberships.exclude(pk__in=[selling.rep.pk, selling.manager.pk]).get()
    professor.role = professor.Role.MANAGER
    professor.save(update_fields=["role"])
    deal = selling.partner.deals.order_by("pk").last()
    assert deal is not None
    found = reports.build(kind="partner", partner=selling.partner, at=at).figure("certified_sellers")
    assert found.numerator == 2
    deal_services.add_comment(deal=deal, text="I know them", by=professor.person, at=at - timedelta(minutes=1))
    found = reports.build(kind="partner", partner=selling.partner, at=at).figure("certified_sellers")
    assert found.numerator == 3
