"""Training load: hours per person and quarter, and the budget that publishing holds to."""

from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from certifications.models import Certification
from lms.tiers import engine, services
from tests.certifications.factories import certification, exam
from tests.tiers.factories import DOCUMENT, IN_FORCE, programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def sales() -> Certification:
    """An exam and nothing else; holds for 24 months."""
    made: Certification = certification(exam("sales"), slug="sales", title="Sales")
    return made


def test_load_spreads_minutes_over_the_months_a_certification_holds(sales: Certification) -> None:
    assessment = sales.requirements.get().assessment
    assert assessment is not None
    assessment.time_limit_minutes = 120
    assessment.save(update_fields=["time_limit_minutes"])
    loads = services.training_load(engine.parse(DOCUMENT), on=IN_FORCE.date())
    each = Fraction(120 * 3, sales.valid_months) / 60
    assert [(load.tier, load.certifications, load.people, load.hours) for load in loads] == [
        ("Select", 1, 1, each),
        ("Premier", 2, 2, each),
    ]
    assert loads[0].words == engine.as_words(each, places=1)


def test_certification_without_an_end_is_spread_over_five_years(sales: Certification) -> None:
    Certification.objects.update(valid_months=0)
    assert services.training_load(engine.parse(DOCUMENT), on=IN_FORCE.date())[0].hours > 0


def test_what_the_platform_does_not_offer_is_left_out(db: None) -> None:
    assert [load.hours for load in services.training_load(engine.parse(DOCUMENT), on=IN_FORCE.date())] == [0, 0]


def budget(**given: Any) -> dict[str, Any]:
    return {**DOCUMENT, "training_budget": {"hours_per_person_and_quarter": 0.01, **given}}


def test_above_the_budget_needs_a_reason_that_partners_read(sales: Certification, now: datetime) -> None:
    with pytest.raises(services.ProgrammeRefused, match=r"Select asks for .* hours per person and quarter"):
        programme(document=budget())
    programme(document=budget(reason="A <new> product"))
    text = Client().get(reverse("tiers:programme")).content.decode()
    assert "A &lt;new&gt; product" in text


def test_within_the_budget_needs_none(sales: Certification) -> None:
    assert programme(document=budget(hours_per_person_and_quarter=100)).number == 1


@pytest.mark.parametrize("given", [{}, {"hours_per_person_and_quarter": "many"}, [], {"hours": 3}])
def test_budget_must_be_one(given: Any) -> None:
    with pytest.raises(engine.DocumentError, match="training_budget"):
        engine.parse({**DOCUMENT, "training_budget": given})
