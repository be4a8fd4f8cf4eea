"""Reports: one number in every form, who may see which, and letters."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import openpyxl
import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse
from pypdf import PdfReader

from lms.events.services import drain
from lms.portal import reports
from lms.portal.reports.links import end_url, letter_of
from lms.reporting import services
from lms.reporting.models import ReportLetter
from lms.xapi import statements, vocabulary
from lms.xapi.services import platform_authority, record
from tests.factories import UserFactory

COURSE = "https://partners.halden.example/courses/1"


@pytest.fixture
def training(kestrel, at):
    """Three of four registrations of Kestrel's rep are completed, and he was active last month."""
    before = at.replace(day=1) - timedelta(days=3)
    facts = []
    for number in range(4):
        registration = uuid4()
        verbs = [vocabulary.REGISTERED, vocabulary.EXPERIENCED, *([vocabulary.COMPLETED] if number else [])]
        facts += [
            statements.build(
                actor=kestrel.rep.person,
                verb=verb,
                object=statements.activity(COURSE, type=vocabulary.COURSE, name="=Foundations"),
                membership=kestrel.rep,
                registration=registration,
                at=before - timedelta(days=number),
                id=uuid4(),
            )
            for verb in verbs
        ]
    record(facts, authority=platform_authority(), at=at)
    drain()
    services.follow_statements()
    return kestrel


@pytest.fixture
def executive(db):
    user = UserFactory()
    user.groups.add(Group.objects.get(name="Executives"))
    return user


def body(response):
    """The bytes of a streamed file."""
    return b"".join(response.streaming_content)


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_completion_rate_is_the_same_number_everywhere(client, training, at):
    """Page, partner page, CSV, XLSX, PDF, both APIs and letter: 3 of 4, 75%."""
    client.force_login(training.manager.person)
    partner = training.partner
    page = client.get(reverse("portal:partner_report", args=[partner.public_id])).content.decode()
    assert "75%" in page
    assert "3 of 4" in page
    assert "3 of 4 courses" in client.get(reverse("portal:partner", args=[partner.public_id])).content.decode()

    def file(form, query=""):
        return body(client.get(reverse("portal:partner_report_file", args=[partner.public_id, form]) + query))

    figures = rows_of(file("csv"))
    row = dict(zip(figures[0], figures[1], strict=True))
    assert (row["Figure"], row["Value"], row["Numerator"], row["Denominator"]) == (
        "Training completion",
        "75%",
        "3",
        "4",
    )
    assert all(row[name] for name in ("Since", "Until", "As of", "Definition"))
    assert row["Filter"] == f"{partner.name}, all courses, all personas"
    book = openpyxl.load_workbook(io.BytesIO(file("xlsx")))
    assert [cell.value for cell in book["Figures"][2]][:4] == ["Training completion", "75%", 3, 4]
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(file("pdf"))).pages)
    assert "Training completion: 75%" in text
    assert "3 of 4" in text
    assert row["Filter"] in text.replace("\n", " ")
    answer = client.get(f"/api/v1/partners/{partner.public_id}/report/").json()
    found = next(figure for figure in answer["figures"] if figure["key"] == "completion_rate")
    assert (found["value"], found["numerator"], found["denominator"]) == ("75%", 3, 4)
    assert found["basis"]["filter"] == row["Filter"]
    rates = client.get(f"/api/v1/partners/{partner.public_id}/completion-rates/").json()
    assert (rates["overall"]["numerator"], rates["overall"]["denominator"]) == (3, 4)
    services.want_letters(
        person=training.manager.person, report="partner", partner=partner, rhythm="weekly", at=at - timedelta(days=8)
    )
    services.send_due_reports(at=at)
    drain()
    assert "Training completion: 75% (3 of 4)" in mail.outbox[-1].body


def test_every_figure_and_table_says_what_it_rests_on(training, at):
    for kind, partner in (("partner", training.partner), ("portfolio", None), ("overview", None)):
        report = reports.build(kind=kind, partner=partner, at=at)
        for one in (*report.figures, *report.tables):
            assert one.definition
            assert one.basis.narrowed
            assert str(one.basis.since)[:10] <= str(one.basis.until)[:10]
            assert "exclusive" in one.basis.words


def test_a_table_as_csv_has_its_basis_in_each_row_and_no_formula(client, training):
    client.force_login(training.manager.person)
    address = reverse("portal:partner_report_file", args=[training.partner.public_id, "csv"])
    rows = rows_of(body(client.get(address, {"table": "by_course"})))
    assert rows[0] == ["Course", "Completed", "Registered", "Completion", "Since", "Until", "As of", "Filter"]
    assert rows[1][:4] == ["'=Foundations", "3", "4", "75%"]
    long = rows_of(body(client.get(address, {"table": "registrations"})))
    assert len(long) == 5
    assert client.get(address, {"table": "no_such"}).status_code == 404


def test_the_portfolio_puts_the_least_engaged_partner_first(training, merlin, at):
    table = reports.build(kind="portfolio", partner=None, at=at).by_key["partners"]
    assert table.shown[0][0] == merlin.partner.name
    assert [row[3:5] for row in table.shown if row[0] == training.partner.name] == [(3, 4)]


def test_regions_add_up_their_partners(training, merlin, at):
    (row,) = reports.build(kind="overview", partner=None, at=at).by_key["regions"].shown
    assert row[1:4] == (2, 3, 4)


def test_an_executive_sees_sums_and_no_names(client, training, executive):
    client.force_login(executive)
    page = client.get(reverse("portal:report", args=["overview"])).content.decode()
    assert "75%" in page
    assert training.rep.person.name not in page
    assert client.get(reverse("portal:report", args=["portfolio"])).status_code == 403
    assert client.get(reverse("portal:partner_report", args=[training.partner.public_id])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_report_asks_the_same_number_of_queries(client, training, at, count, django_assert_num_queries, executive):
    from tests.deals import factories as deals
    from tests.portal.conftest import build_house

    deals.rules()
    for number in range(count):
        build_house(f"Crane {number}", at)
    client.force_login(executive)
    client.get(reverse("portal:report", args=["overview"]))
    with django_assert_num_queries(30):
        client.get(reverse("portal:report", args=["overview"]))


def test_first_things_name_who_did_nothing(training, merlin, at):
    found = reports.first_things(reports.build(kind="portfolio", partner=None, at=at), at=at)
    assert any("did nothing last month" in action.title for action in found)
    own = reports.first_things(reports.build(kind="partner", partner=merlin.partner, at=at), at=at)
    assert any("2 people did nothing" in action.title for action in own)


def test_letters_are_wanted_and_ended_on_the_page(client, training):
    client.force_login(training.manager.person)
    address = reverse("portal:want_report_letters")
    choice = {"report": "partner", "partner": training.partner.public_id}
    assert client.post(address, {**choice, "rhythm": "weekly"}).status_code == 302
    assert ReportLetter.objects.wanted().count() == 1
    client.post(address, {**choice, "rhythm": ""})
    assert ReportLetter.objects.wanted().count() == 0
    assert client.post(address, {"report": "partner", "rhythm": "weekly"}).status_code == 400
    assert client.post(address, {"report": "overview", "rhythm": "weekly"}).status_code == 403


def test_the_link_in_a_letter_ends_these_letters_by_post_only(client, training, at):
    letter = services.want_letters(
        person=training.manager.person, report="partner", partner=training.partner, rhythm="weekly", at=at
    )
    path = end_url(letter).partition("//")[2].partition("/")[2]
    assert letter_of(path.removesuffix("/").rpartition("/")[2]) == letter
    assert client.get(f"/{path}").status_code == 200
    assert ReportLetter.objects.wanted().count() == 1
    assert client.post(f"/{path}").status_code == 302
    assert ReportLetter.objects.wanted().count() == 0
    assert b"have ended" in client.get(f"/{path}").content
    assert client.post(f"/{path.replace(str(letter.public_id), str(uuid4()))}").status_code == 404
    letter.delete()
    assert client.get(f"/{path}").status_code == 404


def test_no_letter_to_whom_the_report_is_closed_by_now(training, at):
    letter = services.want_letters(
        person=training.rep.person,
        report="partner",
        partner=training.partner,
        rhythm="weekly",
        at=at - timedelta(days=8),
    )
    assert services.send_due_reports(at=at) == 1
    drain()
    assert mail.outbox == []
    assert letter.sent.count() == 1
