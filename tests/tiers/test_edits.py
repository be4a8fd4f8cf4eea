"""Rules in a form: what it finds, what it changes, and the draft that comes of it."""

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from lms.tiers import services
from lms.tiers.models import ProgrammeVersion
from tests.tiers.factories import DOCUMENT, programme
from tests.tiers.test_admin import portal_manager, post, signed_in

DEEP: dict[str, Any] = {
    "tiers": [
        {"id": "entry", "requires": {"all": []}},
        {
            "id": "select",
            "name": "Select",
            "requires": {
                "any": [
                    {"metric": "won_value_eur", "window": {"months": 12}, "aggregate": "sum", "gte": 1000.5},
                    {"people": {"any_of": ["A", "B"], "min": 4, "and_min": [{"any_of": ["B"], "min": 2}]}},
                    {"metric": "sales", "gte": {"by": "country", "DE": 3}},
                    {"fact": "signed"},
                ]
            },
        },
    ],
    "lifecycle": {"demotion": "held", "grace_days": 90},
    "credential_rules": {"A": {"counts_until": "2027-01-31"}, "B": "for ever"},
    "migration": {"no_loss_until": "2027-06-30"},
}


def test_numbers_dates_and_names_are_found_with_their_words() -> None:
    found = {edit.key: (edit.label, edit.value) for edit in services.editable(DEEP)}
    rules = "tiers.1.requires.any"
    assert found == {
        "tiers.0.name": ("Entry: name", "Entry"),
        "tiers.1.name": ("Select: name", "Select"),
        f"{rules}.0.window.months": ("Select · won value eur: window in months", Decimal(12)),
        f"{rules}.0.gte": ("Select · won value eur: at least", Decimal("1000.5")),
        f"{rules}.1.people.min": ("Select · A, B: at least", Decimal(4)),
        f"{rules}.1.people.and_min.0.min": ("Select · A, B · B: at least", Decimal(2)),
        "lifecycle.grace_days": ("Lifecycle: days to cure", Decimal(90)),
        "migration.no_loss_until": ("Migration: last day without loss", date(2027, 6, 30)),
        "credential_rules.A.counts_until": ("Credential rules · A: counts until", date(2027, 1, 31)),
    }


def test_only_what_was_changed_is_another() -> None:
    before = deepcopy(DEEP)
    assert services.with_edits(DEEP, {}) == DEEP
    same = {edit.key: edit.value for edit in services.editable(DEEP)}
    assert services.with_edits(DEEP, same) == DEEP
    changed = services.with_edits(
        DEEP,
        {
            "tiers.1.name": "Preferred",
            "tiers.1.requires.any.0.gte": Decimal("2000.0"),
            "tiers.1.requires.any.1.people.min": Decimal(5),
            "migration.no_loss_until": date(2027, 12, 31),
            "tiers.9.name": "Nobody",
        },
    )
    assert before == DEEP
    assert changed["tiers"][1]["name"] == "Preferred"
    assert changed["tiers"][1]["requires"]["any"][0]["gte"] == 2000
    assert changed["tiers"][1]["requires"]["any"][1]["people"]["min"] == 5
    assert changed["migration"]["no_loss_until"] == "2027-12-31"
    assert "name" not in changed["tiers"][0]
    assert services.with_edits(DEEP, {"tiers.1.requires.any.0.gte": Decimal("0.25")})["tiers"][1]["requires"]["any"][0][
        "gte"
    ] == pytest.approx(0.25)


@pytest.mark.django_db
def test_a_change_becomes_a_draft_that_is_back_tested_and_then_published() -> None:
    version = programme()
    client = signed_in(portal_manager())
    address = reverse("programmes:edit", args=[version.pk])
    fields = {edit.key: str(edit.value) for edit in services.editable(version.document)}
    assert "Premier: name" in client.get(address).content.decode()
    wrong = client.post(address, {**fields, "tiers.2.requires.all.0.people.min": "many"})
    assert wrong.context["form"].errors
    draft = client.post(address, {**fields, "tiers.2.requires.all.0.people.min": "3", "tiers.1.name": "Preferred"})
    page = draft.content.decode()
    assert "Back-test" in page
    assert ProgrammeVersion.objects.count() == 1
    text = draft.context["form"]["text"].value()
    assert post(client, text=text, programme=version.programme.pk).status_code == 302
    newest = ProgrammeVersion.objects.get(number=2)
    expected = deepcopy(DOCUMENT)
    expected["tiers"][2]["requires"]["all"][0]["people"]["min"] = 3
    expected["tiers"][1]["name"] = "Preferred"
    assert newest.document == expected
    assert client.get(reverse("programmes:edit", args=[99])).status_code == 404


@pytest.mark.django_db
def test_a_draft_against_its_own_cases_names_the_case() -> None:
    document = deepcopy(DOCUMENT)
    document["cases"] = [{"name": "one is enough", "facts": {"people": {"x": ["sales"]}}, "expect_tier": "select"}]
    version = programme(document=document)
    fields = {edit.key: str(edit.value) for edit in services.editable(version.document)}
    address = reverse("programmes:edit", args=[version.pk])
    page = signed_in(portal_manager()).post(address, {**fields, "tiers.1.requires.all.0.people.min": "2"})
    assert "one is enough" in page.content.decode()
    assert "Publish these rules" not in page.content.decode()
