"""Benefits take effect by the decision in force, and open what they are named for."""

from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry
from lms.deals import services as deal_services
from lms.partners.benefits import BenefitField, register_way, way_to
from lms.partners.models import Benefit
from lms.partners.services import has_benefit, set_benefits
from lms.tiers import engine, services
from lms.tiers.engine.document import parse
from lms.tiers.services.published import way_to_benefit
from tests.deals import factories as deals
from tests.factories import PartnerFactory
from tests.tiers.factories import DOCUMENT, certify, later, member, programme

pytestmark = pytest.mark.django_db


def rules() -> dict[str, Any]:
    """Playbooks for everybody, deal registration from select on, campaigns at the top."""
    document = deepcopy(DOCUMENT)
    document["tiers"][0]["benefits"] = ["Courses", {"opens": "playbooks"}]
    document["tiers"][1]["benefits"] = [{"opens": "deal-registration", "label": "Registering deals"}, "A manager"]
    document["tiers"][2]["benefits"] = [{"opens": "campaigns", "label": "Joint campaigns"}]
    return document


def test_a_tier_has_its_benefits_and_those_of_the_tiers_below() -> None:
    found = parse(rules())
    assert found.opened_by("registered") == {"playbooks": "Playbooks"}
    assert found.opened_by("select") == {"playbooks": "Playbooks", "deal-registration": "Registering deals"}
    assert set(found.opened_by("premier")) == {"playbooks", "deal-registration", "campaigns"}
    assert (found.opened_by("gone"), found.opened_by(None)) == ({}, {})


@pytest.mark.parametrize(
    "benefits",
    [
        [{"opens": "Not A Name"}],
        [{"opens": "a"}, {"opens": "a"}],
        [{"opens": "a", "label": "x" * 201}],
        [{"opens": "a", "until": "2027"}],
    ],
)
def test_a_benefit_that_is_none_is_refused(benefits: list[Any]) -> None:
    document = rules()
    document["tiers"][0]["benefits"] = benefits
    with pytest.raises(engine.DocumentError):
        parse(document)


@pytest.mark.parametrize("words", ["Courses", {"discount": "10%"}, [{"discount": "10%"}], None])
def test_words_stay_words(words: Any) -> None:
    document = rules()
    document["tiers"][0]["benefits"] = words
    assert parse(document).opened_by("registered") == {}


def test_they_follow_the_decision_and_the_past_keeps_them(now: datetime) -> None:
    programme(document=rules())
    ann = member(PartnerFactory())
    services.evaluate_partner(partner=ann.partner, at=later(now, -10))
    credential = certify(ann, now)
    gained = later(now, 0)
    assert has_benefit(partner=ann.partner, name="deal-registration", at=gained)
    assert not has_benefit(partner=ann.partner, name="deal-registration", at=later(now, -1))
    assert has_benefit(partner=ann.partner, name="playbooks", at=later(now, -1))
    assert credential.expires_on is not None
    after = later(now, (credential.expires_on - now.date()).days + 1)
    services.evaluate_partner(partner=ann.partner, at=after)
    assert not has_benefit(partner=ann.partner, name="deal-registration", at=after)
    assert has_benefit(partner=ann.partner, name="deal-registration", at=later(after, -1))
    assert has_benefit(partner=ann.partner, name="playbooks", at=after)


def test_the_same_again_changes_nothing_and_new_words_are_a_new_row(now: datetime) -> None:
    partner = PartnerFactory()
    for _ in range(2):
        set_benefits(partner=partner, benefits={"playbooks": "Playbooks"}, at=now)
    assert AuditEntry.objects.filter(action="partners.set_benefits").count() == 1
    set_benefits(partner=partner, benefits={"playbooks": "All playbooks"}, at=later(now, 1))
    rows = Benefit.objects.order_by("pk").values_list("words", "ended_at")
    assert list(rows) == [("Playbooks", later(now, 1)), ("All playbooks", None)]


def test_a_suspended_partner_has_none(now: datetime) -> None:
    partner = PartnerFactory()
    set_benefits(partner=partner, benefits={"playbooks": "Playbooks"}, at=now)
    partner.suspended_at = now
    assert not has_benefit(partner=partner, name="playbooks", at=now)


def test_the_database_holds_one_open_row_each(now: datetime) -> None:
    partner = PartnerFactory()
    set_benefits(partner=partner, benefits={"playbooks": "Playbooks"}, at=now)
    for wrong in ({"ended_at": None}, {"ended_at": later(now, -1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Benefit.objects.create(partner=partner, name="playbooks", words="x", granted_at=now, **wrong)


def test_the_way_names_the_tier_that_gives_it(now: datetime) -> None:
    partner = PartnerFactory(name="Kestrel")
    assert "No tier" in way_to(partner, "deal-registration", now)
    programme(document=rules())
    assert "has no tier yet" in way_to(partner, "deal-registration", now)
    services.evaluate_partner(partner=partner, at=now)
    partner.refresh_from_db()
    words = way_to(partner, "deal-registration", now)
    assert words.startswith("“Registering deals” comes with Select and the tiers above it. Kestrel is Registered")
    assert "No tier" in way_to(partner, "nothing", now)
    assert register_way(way_to_benefit) is way_to_benefit


def test_the_way_names_no_tier_of_another_track(now: datetime) -> None:
    document = rules() | {"cumulative": False}
    select, premier = document["tiers"][1:]
    select["track"], premier["track"] = "sell", "build"
    document["tiers"].append({"id": "summit", "track": "sell", "requires": {"all": [{"fact": "agreed"}]}})
    programme(document=document)
    partner = PartnerFactory()
    assert "comes with Select (sell) and Summit (sell). " in way_to(partner, "deal-registration", now)
    assert "“Joint campaigns” comes with Premier (build). " in way_to(partner, "campaigns", now)


def test_registering_deals_asks_for_the_benefit_and_says_the_way(client: Any, now: datetime) -> None:
    programme(document=rules())
    deals.rules(requires_benefit="deal-registration")
    rep = deals.house()
    services.evaluate_partner(partner=rep.partner, at=later(now, -5))
    with pytest.raises(deal_services.NotEntitled, match="comes with Select"):
        deals.register(rep, now)
    client.force_login(rep.person)
    page = client.get(reverse("deals:register")).content.decode()
    assert "does not include registering deals" in page
    assert "comes with Select" in page
    certify(rep, later(now, -1))
    assert deals.register(rep, now).partner == rep.partner


def test_the_public_page_says_it_in_words(client: Any) -> None:
    programme(document=rules())
    page = client.get(reverse("tiers:programme")).content.decode()
    assert "Registering deals" in page
    assert "opens" not in page


def test_editors_choose_benefits_that_published_rules_give(now: datetime) -> None:
    document = with_benefits("portal-kit")
    programme(document=document, effective_at=later(timezone.now(), -10))
    programme(document=with_benefits("coming-kit"), effective_at=later(timezone.now(), 10))
    assert [value for value, _ in BenefitField().choices] == ["", "coming-kit", "portal-kit"]
    kept = BenefitField(kept="old-kit")
    assert list(kept.choices)[-1] == ("old-kit", "old-kit (no longer given)")
    assert [kept.clean(""), kept.clean("portal-kit")] == ["", "portal-kit"]
    with pytest.raises(ValidationError, match="No programme gives “old-kit” any more"):
        kept.clean("old-kit")
    with pytest.raises(ValidationError):
        BenefitField().clean("invented")


def with_benefits(name: str) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    document["tiers"][1]["benefits"] = ["Words", {"opens": name, "label": name.capitalize()}]
    return document
