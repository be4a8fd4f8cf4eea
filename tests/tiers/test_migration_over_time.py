"""A migration over time: corrected rules, what people decide meanwhile, who came later, and its end that is told."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from lms.partners.models import Membership, Partner, TierName
from lms.tiers import engine, services
from lms.tiers.engine.migration import Migration
from lms.tiers.models import Decision, ProgrammeVersion, TierAct
from tests.factories import PartnerFactory, TierNameFactory, UserFactory
from tests.tiers.factories import certify, later, member, programme
from tests.tiers.test_admin import portal_manager, signed_in
from tests.tiers.test_migration import decided, new_rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def kestrel(now: datetime) -> Partner:
    """A select partner by its one certified person."""
    programme()
    for number, slug in enumerate(("silver", "gold"), 10):
        TierNameFactory(slug=slug, rank=number)
    ann = member(PartnerFactory(slug="kestrel", name="Kestrel"))
    certify(ann, later(now, -20))
    services.evaluate_partner(partner=ann.partner, at=later(now, -10))
    return ann.partner


def leave(partner: Partner, on: date) -> None:
    Membership.objects.filter(partner=partner).update(starts_on=date(2020, 1, 1), ends_on=on)


def plan(partner: Partner, tier: str, until: datetime, at: datetime) -> TierAct:
    partner.refresh_from_db()
    return services.agree_cure_plan(
        partner=partner,
        tier=TierName.objects.get(slug=tier),
        reason="r",
        until=until.date(),
        steps=[("Train", later(at, 1).date())],
        by=UserFactory(),
        at=at,
    )


def test_a_tier_that_a_person_ended_does_not_come_back(kestrel: Partner, now: datetime) -> None:
    programme(document=new_rules(later(now, 90)), effective_at=now)
    assert decided(kestrel, now) == ("silver", "migration")
    kestrel.refresh_from_db()
    services.end_kept_tier(partner=kestrel, reason="Fraud", by=UserFactory(), at=later(now, 1))
    for hours in (0, 2, 24, 480):
        assert decided(kestrel, later(now, 1) + timedelta(hours=hours)) == ("registered", "")


def test_a_corrected_version_maps_nobody_twice(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    ann = member(partner)
    certify(ann, later(now, -20))
    assert decided(partner, later(now, -10))[0] == "select"
    TierNameFactory(slug="elite", rank=11)
    document: dict[str, Any] = {
        "id": "halden-partners",
        "tiers": [
            {"id": name, "requires": {"all": [] if not need else [{"people": {"any_of": ["two"], "min": need}}]}}
            for name, need in (("registered", 0), ("select", 1), ("premier", 3), ("elite", 9))
        ],
        "migration": {
            "no_loss_until": later(now, 30).date().isoformat(),
            "tiers": {"select": "premier", "premier": "elite"},
        },
    }
    programme(document=document, effective_at=now)
    assert decided(partner, now) == ("premier", "migration")
    second = programme(document=document | {"name": "Without the typo"}, effective_at=later(now, 1))
    assert decided(partner, later(now, 1)) == ("premier", "migration")
    third = services.with_edits(second.document, {"migration.no_loss_until": later(now, 60).date()})
    programme(document=third, effective_at=later(now, 2))
    assert decided(partner, later(now, 50)) == ("premier", "migration")
    assert {one.document["migration"]["from_version"] for one in ProgrammeVersion.objects.filter(number__gt=1)} == {1}
    plan(partner, "premier", later(now, 200), later(now, 51))  # by the new rules: nothing makes elite of it
    assert [decided(partner, later(now, day))[0] for day in (52, 100)] == ["premier", "premier"]


def test_what_was_granted_before_lasts_as_long_as_it_was_granted_for(kestrel: Partner, now: datetime) -> None:
    leave(kestrel, later(now, -9).date())
    assert decided(kestrel, later(now, -7))[0] == "registered"
    granted = plan(kestrel, "select", later(now, 3), later(now, -6))
    assert decided(kestrel, later(now, -5))[0] == "select"
    programme(document=new_rules(later(now, 300)), effective_at=now)
    assert decided(kestrel, now) == ("silver", "")
    services.end_act(act=granted, reason="Steps not done", by=UserFactory(), at=later(now, 1))
    assert decided(kestrel, later(now, 1))[0] == "registered"


def test_a_grace_that_ran_is_not_stretched(now: datetime) -> None:
    from tests.tiers.factories import DOCUMENT

    programme(document=DOCUMENT | {"lifecycle": {"demotion": "held", "grace_days": 20}})
    for number, slug in enumerate(("silver", "gold"), 10):
        TierNameFactory(slug=slug, rank=number)
    ann = member(PartnerFactory())
    certify(ann, later(now, -40))
    services.evaluate_partner(partner=ann.partner, at=later(now, -30))
    leave(ann.partner, later(now, -20).date())
    assert decided(ann.partner, later(now, -10))[0] == "select"
    programme(document=new_rules(later(now, 300)), effective_at=now)
    assert decided(ann.partner, now) == ("silver", "migration")
    newest = Decision.objects.filter(partner=ann.partner).order_by("-number")[0]
    assert engine.Ruling.from_json(newest.result["ruling"]).kept_until == later(now, 10)
    assert decided(ann.partner, later(now, 11))[0] == "registered"


def test_who_came_after_the_change_keeps_nothing_of_it_by_a_correction(kestrel: Partner, now: datetime) -> None:
    programme(document=new_rules(later(now, 300)), effective_at=now)
    late = PartnerFactory(slug="late")
    certify(member(late), later(now, 2), slug="sales-two")
    assert decided(late, later(now, 3)) == ("silver", "")
    programme(document=new_rules(later(now, 300)) | {"name": "Corrected"}, effective_at=later(now, 4))
    leave(late, later(now, 5).date())
    assert decided(late, later(now, 7)) == ("registered", "")


def test_the_preview_knows_what_people_decided(kestrel: Partner, now: datetime) -> None:
    leave(kestrel, later(now, -9).date())
    decided(kestrel, later(now, -7))
    plan(kestrel, "select", later(now, 200), later(now, -6))
    decided(kestrel, later(now, -5))
    until = later(now, 30)
    (line,) = services.preview_migration(new=engine.parse(new_rules(until)), at=now)
    programme(document=new_rules(until), effective_at=now)
    real = [decided(kestrel, at)[0] for at in (now, later(until, 1))]
    assert [line.then.lower(), line.after.lower()] == real == ["silver", "registered"]


def test_the_end_of_what_the_map_keeps_is_told(kestrel: Partner, now: datetime) -> None:
    until = later(now, 30)
    programme(document=new_rules(until), effective_at=now)
    decided(kestrel, now)
    risk = services.status(partner=kestrel, at=later(now, 5)).risk
    assert risk is not None
    assert (risk.on, risk.tier_after) == (later(until, 1).date(), "Registered")
    assert (services.raise_alarms(at=later(now, 5)), services.raise_alarms(at=later(now, 6))) == (1, 0)
    assert services.status(partner=kestrel, at=later(until, 2)).risk is None


def test_what_is_carried_outlasts_a_shorter_one_of_the_person(now: datetime) -> None:
    day = now.date()
    own = engine.Held(code="new", until=day + timedelta(days=2))
    old = engine.Held(code="old")
    move = Migration(until=day + timedelta(days=9), credentials={"old": ("new",)})
    (person,) = move.carried(engine.Facts(people=(engine.Person(id="x", held=(old, own)),))).people or ()
    assert [(held.code, held.until) for held in person.held] == [("old", None), ("new", own.until), ("new", move.until)]


def test_benefits_of_one_track_are_not_those_of_another() -> None:
    tiers = [
        {"id": "none", "requires": {"all": []}},
        {"id": "a", "track": "a", "requires": {"all": []}, "benefits": [{"opens": "campaigns"}]},
        {"id": "b", "track": "b", "requires": {"all": []}, "benefits": [{"opens": "labs"}]},
    ]
    rules = engine.parse({"tracks": ["a", "b"], "tiers": tiers})
    assert (list(rules.opened_by("a")), list(rules.opened_by("b"))) == (["campaigns"], ["labs"])


def test_the_form_leaves_alone_what_it_could_not_take(now: datetime) -> None:
    from copy import deepcopy

    from tests.tiers.factories import DOCUMENT

    document = deepcopy(DOCUMENT)
    document["tiers"][2]["requires"]["all"].append({"id": "revenue", "metric": "sales", "gte": 10**40})
    document["tiers"][2]["requires"]["all"].append({"id": "loss", "metric": "loss", "gte": -5})
    version = programme(document=document)
    fields = {edit.key: str(edit.value) for edit in services.editable(version.document)}
    client, address = signed_in(portal_manager()), reverse("programmes:edit", args=[version.pk])
    draft = client.post(address, {**fields, "tiers.1.name": "Preferred"})
    assert str(10**40) in draft.context["form"]["text"].value()
    programme(document=document | {"name": "Two"}, effective_at=now)
    assert "not the newest version" in client.get(address).content.decode()
