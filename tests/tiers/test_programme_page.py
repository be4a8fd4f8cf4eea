"""The public page of the programme says what the rules say, and nothing about anybody."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lms.tiers import services
from tests.factories import PartnerFactory
from tests.tiers.factories import DOCUMENT, IN_FORCE, certify, member, programme

pytestmark = pytest.mark.django_db
URL = reverse("tiers:programme")


def document(**changes: Any) -> dict[str, Any]:
    registered, select, premier = DOCUMENT["tiers"]
    return {**DOCUMENT, "tiers": [registered, {**select, "benefits": ["A <b>plaque</b>"]}, premier], **changes}


def test_everybody_reads_tiers_requirements_and_benefits(now: datetime) -> None:
    programme(document=document(), effective_at=IN_FORCE)
    text = Client().get(URL).content.decode()
    for words in (
        "Halden Partners",
        "Certified sales people",
        "1 or more",
        "60% or more",
        "A &lt;b&gt;plaque",
        "Version 1",
    ):
        assert words in text, words
    assert "A tier also needs every tier below it" in text


def test_it_names_no_partner_and_no_person(now: datetime) -> None:
    programme(document=document(), effective_at=IN_FORCE)
    someone = member(partner := PartnerFactory(name="Kestrel Integrators"))
    certify(someone, now)
    text = Client().get(URL).content.decode()
    assert someone.person.name not in text
    assert partner.name not in text


@pytest.mark.parametrize(
    ("lifecycle", "words"),
    [
        ({"demotion": "immediate"}, "A tier ends when its requirements are no longer met."),
        ({"demotion": "held"}, "until we have talked about it"),
        ({"demotion": "held", "grace_days": 90}, "is kept for 90 days"),
        ({"demotion": "anniversary"}, "until its anniversary"),
    ],
)
def test_it_says_how_long_a_tier_is_kept(now: datetime, lifecycle: dict[str, Any], words: str) -> None:
    programme(document=document(lifecycle=lifecycle), effective_at=IN_FORCE)
    assert words in services.published_programme(at=now).keeps


def test_benefits_may_be_a_mapping_and_sub_quotas_are_shown(now: datetime) -> None:
    registered, select, _ = DOCUMENT["tiers"]
    quota = {"people": {"any_of": ["sales"], "min": 3, "and_min": [{"any_of": ["expert"], "min": 1}]}}
    tiers = [{**registered, "benefits": {"discount_pct": 40}}, {**select, "requires": quota}]
    programme(document=document(tiers=tiers), effective_at=IN_FORCE)
    found = services.published_programme(at=now)
    assert found.tiers[0].benefits == ("discount pct: 40",)
    assert [part.need for part in found.tiers[1].requirements[0].parts] == ["1 or more"]


def test_ceilings_and_facts_are_put_as_such(now: datetime) -> None:
    registered, select, _ = DOCUMENT["tiers"]
    rules = {"all": [{"metric": "complaints", "lte": 3}, {"fact": "signed"}]}
    programme(document=document(tiers=[registered, {**select, "requires": rules}]), effective_at=IN_FORCE)
    found = services.published_programme(at=now)
    assert [one.need for one in found.tiers[1].requirements] == ["at most 3", "required"]


def test_no_programme_no_page() -> None:
    assert Client().get(URL).status_code == 404
