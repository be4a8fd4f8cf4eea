"""The back-test: who would stand otherwise, when and why; in a file that no spreadsheet runs."""

import csv
import io
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lms.partners.models import Partner
from lms.tiers import engine, services
from lms.tiers.models import Decision
from lms.tiers.services.backtest import quarter_ends
from tests.factories import PartnerFactory
from tests.tiers.factories import DOCUMENT, certify, later, member, programme
from tests.tiers.test_admin import portal_manager, post, signed_in

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


def rules(minimum: int) -> engine.Programme:
    """The standard rules with another number of people for Select."""
    document: dict[str, Any] = deepcopy(DOCUMENT)
    document["tiers"][1]["requires"]["all"][0]["people"]["min"] = minimum
    return engine.parse(document)


@pytest.fixture
def partner(db: None) -> Partner:
    """One person, certified in May 2026: Select by the standard rules since the second quarter."""
    programme()
    made = PartnerFactory(name="=Kestrel", joined_on=datetime(2025, 1, 1, tzinfo=UTC).date())
    certify(member(made), datetime(2026, 5, 4, tzinfo=UTC))
    return made


def test_quarters_end_at_their_last_moment_and_the_running_one_now() -> None:
    words, moments = zip(*quarter_ends(NOW, 4), strict=True)
    assert words == ("2026 Q1", "2026 Q2", "2026 Q3", "2026 Q4")
    assert moments[-1] == NOW
    assert [moment.isoformat()[:16] for moment in moments[:3]] == [
        "2026-03-31T23:59",
        "2026-06-30T23:59",
        "2026-09-30T23:59",
    ]


def test_harder_rules_name_who_falls_since_when_and_why(partner: Partner) -> None:
    found = services.compare_rules(old=rules(1), new=rules(2), at=NOW)
    assert [(count.quarter, count.rises, count.falls) for count in found.quarters][-4:] == [
        ("2026 Q1", 0, 0),
        ("2026 Q2", 0, 1),
        ("2026 Q3", 0, 1),
        ("2026 Q4", 0, 1),
    ]
    (move,) = found.newest
    assert (move.partner, move.before, move.after, move.is_rise) == (partner, "Select", "Registered", False)
    assert move.requirements == ("Certified sales people: 1 more person with Halden Sales",)
    assert {(what, name): (up, down) for what, name, up, down in found.groups} == {
        ("Region", partner.region.name): (0, 1),
        ("Partner type", partner.partner_type.name): (0, 1),
        ("Tier before", "Select"): (0, 1),
        ("Requirement", "Certified sales people"): (0, 1),
    }
    assert found.tiers == (("Registered", 0, 1), ("Select", 1, 0), ("Premier", 0, 0))


def test_easier_rules_name_who_rises(partner: Partner) -> None:
    found = services.compare_rules(old=rules(2), new=rules(1), at=NOW, quarters=1)
    (move,) = found.moves
    assert (move.before, move.after, move.is_rise) == ("Registered", "Select", True)
    assert move.requirements == ("Certified sales people: 1 more person with Halden Sales",)


def test_the_same_rules_move_nobody(partner: Partner) -> None:
    found = services.compare_rules(old=rules(1), new=rules(1), at=NOW)
    assert (found.moves, found.groups, len(found.quarters)) == ((), (), 8)


def test_a_partner_is_looked_at_from_the_day_he_joined(partner: Partner) -> None:
    Partner.objects.update(joined_on=NOW.date())
    found = services.compare_rules(old=rules(1), new=rules(2), at=NOW)
    assert [count.partners for count in found.quarters] == [0, 0, 0, 0, 0, 0, 0, 1]


def test_nothing_is_written(partner: Partner) -> None:
    before = list(Decision.objects.values_list("digest"))
    services.compare_rules(old=rules(1), new=rules(2), at=NOW)
    assert list(Decision.objects.values_list("digest")) == before


def test_rows_are_safe_for_spreadsheets(partner: Partner) -> None:
    rows = list(services.as_rows(services.compare_rules(old=rules(1), new=rules(2), at=NOW, quarters=1)))
    assert rows[0][0] == "Quarter"
    assert rows[1][1] == "'=Kestrel"
    assert rows[1][5:8] == ["Select", "Registered", "falls"]


def test_many_partners_are_asked_for_as_often_as_one(partner: Partner) -> None:
    with CaptureQueriesContext(connection) as one:
        services.gather_many(partners=[partner], at=NOW)
    others = [PartnerFactory() for _ in range(3)]
    for other in others:
        certify(member(other), later(NOW, -1))
    with CaptureQueriesContext(connection) as four:
        found = services.gather_many(partners=[partner, *others], at=NOW)
    assert len(four) == len(one)
    alone = {each.pk: services.gather_facts(partner=each, at=NOW) for each in [partner, *others]}
    assert {pk: facts.people for pk, facts in found.items()} == {pk: facts.people for pk, facts in alone.items()}


def test_designer_shows_and_exports_the_back_test(partner: Partner) -> None:
    client = signed_in(portal_manager())
    text = (
        "id: halden-partners\ntiers:\n  - {id: registered, requires: {all: []}}\n"
        "  - {id: select, requires: {all: [{people: {any_of: [sales], min: 5}}]}}\n"
    )
    page = post(client, text=text, step="backtest").content.decode()
    assert "Who moves, last quarter" in page
    assert "=Kestrel" in page
    answer = post(client, text=text, step="export")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]][-1] == "'=Kestrel"


def test_without_rules_in_force_nothing_moves(db: None) -> None:
    client = signed_in(portal_manager())
    assert "Nobody would stand otherwise" in post(client, step="backtest").content.decode()
