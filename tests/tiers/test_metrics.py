"""Metrics from elsewhere: checked row by row, all or nothing, kept with source and as-of; missing is not zero."""

import io
from copy import deepcopy
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from lms.accounts.models import AuditEntry
from lms.events.services import drain
from lms.tiers import services
from lms.tiers.models import ImportedMetric
from tests.factories import MembershipFactory, PartnerFactory
from tests.tiers.factories import DOCUMENT, later, programme
from tests.tiers.test_admin import portal_manager, signed_in
from tests.tiers.test_decisions import channel_manager

pytestmark = pytest.mark.django_db
HEAD = "partner,metric,value,as_of,until,source\n"


@pytest.fixture
def kestrel() -> Any:
    return PartnerFactory(slug="kestrel", name="Kestrel")


def load(text: str, now: datetime) -> list[str]:
    rows = services.import_metrics(text=HEAD + text, by=channel_manager(), at=now)
    drain()
    return [row.outcome for row in rows]


def measure(partner: Any, at: datetime, name: str = "sales_12m") -> Any:
    return services.gather_facts(partner=partner, at=at).measures.get(name)


def rules(*requirements: dict[str, Any]) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    document["tiers"][1]["requires"] = {"all": list(requirements)}
    return document


def test_a_figure_counts_from_its_day_with_source_and_as_of(kestrel: Any, now: datetime) -> None:
    assert load("kestrel,sales_12m,1200.50,2026-11-01,,ERP export 7\n", now) == ["new"]
    found = measure(kestrel, now)
    assert found.value == Fraction("1200.5")
    assert (found.source, found.as_of[:10]) == ("import: ERP export 7", "2026-11-01")
    assert found.references == (str(ImportedMetric.objects.get().public_id),)
    assert measure(kestrel, later(now, -30)) is None
    many = services.gather_many(partners=[kestrel], at=now)[kestrel.pk]
    assert many.measures["sales_12m"] == found


def test_the_newest_day_counts_and_a_correction_keeps_what_it_corrects(kestrel: Any, now: datetime) -> None:
    load("kestrel,sales_12m,10,2026-10-01,,ERP\n", now)
    assert load("kestrel,sales_12m,20,2026-11-01,,ERP\n", now) == ["new"]
    assert load("kestrel,sales_12m,15,2026-10-01,,ERP\n", later(now, 1)) == ["takes the place of 10"]
    assert measure(kestrel, now).value == 20
    assert measure(kestrel, later(now, -20)).value == 15
    assert ImportedMetric.objects.count() == 3
    series = services.gather_facts(partner=kestrel, at=now).series["sales_12m"]
    assert [(entry.on, entry.value) for entry in series] == [(date(2026, 10, 1), 15), (date(2026, 11, 1), 20)]


def test_a_figure_is_not_known_after_its_last_day(kestrel: Any, now: datetime) -> None:
    load(f"kestrel,sales_12m,7,2026-10-01,{now.date()},ERP\n", now)
    assert measure(kestrel, now).value == 7
    assert measure(kestrel, later(now, 1)) is None


def test_the_same_file_again_stores_nothing(kestrel: Any, now: datetime) -> None:
    text = "kestrel,sales_12m,0,2026-10-01,,ERP\nkestrel,nps,-4.25,2026-10-01,,Survey\n , ,,,,\n"
    assert load(text, now) == ["new", "new"]
    assert load(text, now) == ["unchanged", "unchanged"]
    assert ImportedMetric.objects.count() == 2
    assert measure(kestrel, now).value == 0
    assert AuditEntry.objects.filter(action="tiers.import_metrics").count() == 2


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("kestrel,sales,1,2026-W45-1,,ERP", "no day up to today"),
        ("nobody,sales,1,2026-10-01,,ERP", "names no partner"),
        ("kestrel,Sales!,1,2026-10-01,,ERP", "small letters"),
        ("kestrel,completion_rate_12m,1,2026-10-01,,ERP", "computed here"),
        ("kestrel,won_value_12m_eur,1,2026-10-01,,ERP", "computed here"),
        ("kestrel,sales,,2026-10-01,,ERP", "not known is not zero"),
        *(
            (f"kestrel,sales,{value},2026-10-01,,ERP", "no number")
            for value in ("NaN", "1e400", "１２", "1 000", "1.1234567", "9" * 14, "Infinity", '"1.234,56"')
        ),
        ("kestrel,sales,1,2036-11-17,,ERP", "no day up to today"),
        ("kestrel,sales,1,1.10.2026,,ERP", "no day up to today"),
        ("kestrel,sales,1,2026-13-01,,ERP", "no day up to today"),
        ("kestrel,sales,1,2026-10-01,2026-09-30,ERP", "no day from as_of on"),
        ("kestrel,sales,1,2026-10-01,soon,ERP", "no day from as_of on"),
        ("kestrel,sales,1,2026-10-01,,", "needs a source"),
        ("kestrel,sales,1", "needs a source"),
    ],
)
def test_a_refused_row_says_why_and_nothing_is_stored(kestrel: Any, now: datetime, row: str, words: str) -> None:
    good = "kestrel,nps,1,2026-10-01,,ERP\n"
    checked = services.check_metrics(text=HEAD + good + row, by=channel_manager(), at=now)
    assert [one.is_refused for one in checked] == [False, True]
    assert words in checked[1].outcome
    with pytest.raises(services.MetricsRefused, match="Line 3"):
        load(good + row, now)
    assert not ImportedMetric.objects.exists()


def test_two_rows_on_the_same_day_contradict_each_other(kestrel: Any, now: datetime) -> None:
    text = HEAD + "kestrel,nps,1,2026-10-01,,A\nkestrel,nps,2,2026-10-01,,B\n"
    assert (
        services.check_metrics(text=text, by=channel_manager(), at=now)[1].outcome
        == "is about the same figure and day as line 2"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        HEAD + '"open',
        "x" * 1_000_001,
        HEAD + "a,b,1,c,,d\n" * 5_001,
        HEAD + "a\x00b",
        HEAD + "kestrel,sales,1,2026-10-01,,ERP,more",
    ],
)
def test_what_is_no_such_table_is_refused_whole(now: datetime, text: str) -> None:
    with pytest.raises(services.MetricsRefused):
        services.check_metrics(text=text, by=channel_manager(), at=now)


def test_an_import_has_the_partner_evaluated_and_the_decision_names_the_row(kestrel: Any, now: datetime) -> None:
    programme(document=rules({"id": "sales", "metric": "sales_12m", "gte": 100}))
    decision = services.evaluate_partner(partner=kestrel, at=later(now, -1))
    assert decision.result["evaluation"]["tiers"][1]["state"] == "unknown"
    load("kestrel,sales_12m,100,2026-11-01,,ERP\n", now)
    newest = kestrel.decisions.for_verification().order_by("-number").first()
    assert newest.tier.slug == "select"
    assert services.verify(newest).is_genuine
    (figure,) = services.explain(decision=newest, viewer=channel_manager())[1].requirements[0].figures
    assert (figure.origin, figure.text) == ("Imported from ERP", "100")
    assert figure.measure.references == (str(ImportedMetric.objects.get().public_id),)


def test_entries_of_a_window_are_added_up_and_named(kestrel: Any, now: datetime) -> None:
    rule = {"id": "sales", "metric": "sales", "window": {"months": 12}, "aggregate": "sum", "gte": 30}
    programme(document=rules(rule))
    load("kestrel,sales,10,2026-10-01,,ERP\nkestrel,sales,20,2026-11-01,,ERP\nkestrel,sales,9,2024-11-01,,ERP\n", now)
    decision = services.evaluate_partner(partner=kestrel, at=now)
    assert decision.tier.slug == "select"
    (figure,) = services.explain(decision=decision, viewer=channel_manager())[1].requirements[0].figures
    assert (figure.text, figure.origin, len(figure.measure.references)) == ("30", "Imported from ERP", 2)


def test_a_fee_counts_while_it_is_paid_for_and_can_be_taken_back(kestrel: Any, now: datetime) -> None:
    programme(document=rules({"id": "fee", "fee": {"kind": "annual", "amount": 4730, "currency": "USD"}}))
    nothing = services.evaluate_partner(partner=kestrel, at=now)
    assert nothing.tier.slug == "registered"
    assert nothing.result["evaluation"]["tiers"][1]["state"] == "unknown"
    load(f"kestrel,fee_annual,4730,2026-11-01,{later(now, 10).date()},Invoice 17\n", now)
    decision = services.evaluate_partner(partner=kestrel, at=now)
    assert decision.tier.slug == "select"
    (proof,) = services.explain(decision=decision, viewer=channel_manager())[1].requirements[0].proofs
    assert proof.reference == str(ImportedMetric.objects.get().public_id)
    over = services.evaluate_partner(partner=kestrel, at=later(now, 11))
    assert (over.tier.slug, over.result["evaluation"]["tiers"][1]["state"]) == ("registered", "unmet")
    load("kestrel,fee_annual,0,2026-11-10,,Refund\n", now)
    assert [one.is_accepted for one in services.gather_facts(partner=kestrel, at=now).payments or ()] == [False]


def test_a_payment_is_no_evidence(kestrel: Any, now: datetime) -> None:
    programme(document=rules({"id": "story", "evidence": {"kind": "case_study"}}))
    load("kestrel,fee_case_study,1,2026-11-01,,Invoice 17\n", now)
    assert services.evaluate_partner(partner=kestrel, at=now).tier.slug == "registered"


def test_who_works_for_the_partner_does_not_import_its_figures(kestrel: Any, now: datetime) -> None:
    by = channel_manager()
    MembershipFactory(partner=kestrel, person=by)
    text = HEAD + "kestrel,sales,1,2026-10-01,,ERP\n"
    (row,) = services.check_metrics(text=text, by=by, at=now)
    assert (row.is_refused, "where you work yourself" in row.outcome) == (True, True)
    with pytest.raises(services.MetricsRefused):
        services.import_metrics(text=text, by=by, at=now)


def test_an_old_file_does_not_undo_a_correction(kestrel: Any, now: datetime) -> None:
    load("kestrel,sales-12m,1,2026-10-01,,ERP\n", now)
    load("kestrel,sales-12m,2,2026-10-01,,ERP\n", later(now, -1))
    (outcome,) = load("kestrel,sales-12m,1,2026-10-01,,ERP\n", now)
    assert outcome.startswith("unchanged: it was corrected to 2 since")
    assert measure(kestrel, now, "sales-12m").value == 2
    assert load("kestrel,sales-12m,1,2026-10-01,,ERP after all\n", now) == ["takes the place of 2"]


def test_what_the_programme_derives_is_neither_imported_nor_overridden(kestrel: Any, now: datetime) -> None:
    load("kestrel,growth,99,2026-10-01,,ERP\nkestrel,sales,4,2026-10-01,,ERP\n", now)
    document = rules({"id": "growth", "metric": "growth", "gte": 5})
    programme(document={**document, "derived_metrics": {"growth": "sales + 1"}})
    decision = services.evaluate_partner(partner=kestrel, at=now)
    assert decision.tier.slug == "select"
    assert decision.result["evaluation"]["tiers"][1]["requirements"][0]["have"] == "5"
    row = "kestrel,growth,98,2026-11-01,,ERP\n"
    (refused,) = services.check_metrics(text=HEAD + row, by=channel_manager(), at=now)
    assert "works out itself" in refused.outcome


def test_a_window_without_an_imported_entry_that_counts_is_not_known(kestrel: Any, now: datetime) -> None:
    window = {"metric": "sales", "window": {"months": 2}, "aggregate": "sum", "lte": 3}
    programme(document=rules({"id": "sales", **window}))
    load("kestrel,sales,1,2026-02-01,,ERP\n", now)

    def state(at: datetime) -> str:
        result = services.evaluate_partner(partner=kestrel, at=at).result
        return str(result["evaluation"]["tiers"][1]["requirements"][0]["state"])

    assert state(now) == "unknown"
    load(f"kestrel,sales,2,2026-11-01,{now.date()},ERP\n", now)
    assert state(now) == "met"
    assert state(later(now, 1)) == "unknown"


def test_the_database_refuses_a_figure_without_source_or_that_ends_before_its_day(kestrel: Any, now: datetime) -> None:
    fields = {"partner": kestrel, "name": "nps", "value": Decimal(1), "imported_at": now}
    by = channel_manager()
    for wrong in ({"source": ""}, {"source": "ERP", "until": date(2026, 9, 1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportedMetric.objects.create(**fields, as_of=date(2026, 10, 1), imported_by=by, **wrong)


def workbook(text: str) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for line in text.splitlines():
        book.active.append(line.split(","))
    book.save(file)
    return file.getvalue()


def test_the_page_checks_first_and_then_imports(kestrel: Any) -> None:
    client = signed_in(portal_manager())
    address = reverse("programmes:metrics")
    assert client.get(address).status_code == 200
    text = HEAD + "kestrel,sales_12m,7,2026-10-01,,ERP\n"
    file = SimpleUploadedFile("figures.csv", text.encode("utf-8-sig"))
    page = client.post(address, {"file": file, "step": "check"})
    assert "1 of 1 rows would be stored" in page.content.decode()
    assert page.context["form"]["text"].value() == text
    assert not ImportedMetric.objects.exists()
    page = client.post(address, {"file": SimpleUploadedFile("figures.xlsx", workbook(text)), "step": "check"})
    assert page.context["form"]["text"].value() == text
    bad = client.post(address, {"text": text + "nobody,x,1,2026-10-01,,ERP\n", "step": "check"}).content.decode()
    assert "names no partner" in bad
    assert "Import these rows" not in bad
    refused = client.post(address, {"text": text + "nobody,x,1,2026-10-01,,ERP\n", "step": "import"})
    assert "Nothing was imported" in refused.content.decode()
    assert client.post(address, {"text": text, "step": "import"}).status_code == 302
    stored = ImportedMetric.objects.get()
    assert (stored.value, stored.as_of) == (Decimal(7), date(2026, 10, 1))


@pytest.mark.parametrize("data", [{}, {"text": " "}, {"file": SimpleUploadedFile("a.csv", b"\xff\xfe")}])
def test_the_page_says_what_is_missing(data: dict[str, Any]) -> None:
    page = signed_in(portal_manager()).post(reverse("programmes:metrics"), {**data, "step": "check"})
    assert page.context["form"].errors
