"""A migration map: nobody loses anything until its last day; what it does for each partner is seen before."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from lms.partners.models import Partner
from lms.tiers import engine, services
from lms.tiers.engine.migration import Migration
from lms.tiers.models import Decision
from tests.factories import PartnerFactory, TierNameFactory
from tests.tiers.factories import DOCUMENT, certify, later, member, programme
from tests.tiers.test_admin import portal_manager, post, signed_in

pytestmark = pytest.mark.django_db


def new_rules(until: datetime, **map_: Any) -> dict[str, Any]:
    """Silver and gold take the place of select and premier; they ask for a certification that nobody has yet."""
    document: dict[str, Any] = {
        "id": "halden-partners",
        "name": "Halden Partners",
        "tiers": [
            {"id": "registered", "requires": {"all": []}},
            {"id": "silver", "name": "Silver", "requires": {"people": {"any_of": ["sales-two"], "min": 1}}},
            {"id": "gold", "name": "Gold", "requires": {"people": {"any_of": ["sales-two"], "min": 3}}},
        ],
        "migration": {
            "no_loss_until": until.date().isoformat(),
            "tiers": {"select": "silver", "premier": "gold"},
            **map_,
        },
    }
    return document


@pytest.fixture
def kestrel(now: datetime) -> Partner:
    """A select partner by its one certified person."""
    programme()
    ann = member(PartnerFactory(slug="kestrel", name="Kestrel"))
    certify(ann, later(now, -20))
    services.evaluate_partner(partner=ann.partner, at=later(now, -10))
    for number, slug in enumerate(("silver", "gold"), 10):
        TierNameFactory(slug=slug, rank=number)
    return ann.partner


def decided(partner: Partner, at: datetime) -> tuple[str, str]:
    decision = services.evaluate_partner(partner=partner, at=at)
    assert services.verify(Decision.objects.for_verification().get(pk=decision.pk)).is_genuine
    return decision.tier.slug, decision.result["ruling"]["kept_by"]


def test_a_tier_is_kept_until_the_last_day_and_not_longer(kestrel: Partner, now: datetime) -> None:
    until = later(now, 30)
    programme(document=new_rules(until), effective_at=now)
    assert decided(kestrel, now) == ("silver", "migration")
    assert decided(kestrel, later(now, 1)) == ("silver", "migration")
    assert decided(kestrel, until) == ("silver", "migration")
    assert decided(kestrel, later(until, 1)) == ("registered", "")


def test_old_certificates_count_as_new_ones_until_then(kestrel: Partner, now: datetime) -> None:
    until = later(now, 30)
    programme(document=new_rules(until, credentials={"sales": "sales-two"}), effective_at=now)
    assert decided(kestrel, now) == ("silver", "")
    risk = services.status(partner=kestrel, at=now).risk
    assert risk is not None
    assert risk.on == later(until, 1).date()
    assert decided(kestrel, later(until, 1)) == ("registered", "")


def test_who_came_later_keeps_nothing(kestrel: Partner, now: datetime) -> None:
    programme(document=new_rules(later(now, 30)), effective_at=now)
    assert decided(PartnerFactory(), now) == ("registered", "")


def test_the_next_version_repeats_the_map_or_ends_it(kestrel: Partner, now: datetime) -> None:
    until = later(now, 30)
    programme(document=new_rules(until), effective_at=now)
    decided(kestrel, now)
    programme(document=new_rules(until) | {"name": "Halden Partners 3"}, effective_at=later(now, 2))
    assert decided(kestrel, later(now, 2)) == ("silver", "migration")
    without = {name: value for name, value in new_rules(until).items() if name != "migration"}
    programme(document=without, effective_at=later(now, 4))
    assert decided(kestrel, later(now, 4)) == ("registered", "")


def test_the_preview_says_what_the_decisions_will_be(kestrel: Partner, now: datetime) -> None:
    safe = PartnerFactory(name="Aldous")
    services.evaluate_partner(partner=safe, at=later(now, -10))
    document = new_rules(later(now, 30), credentials={"sales": ["sales-two"]})
    document["tiers"][1]["requires"]["people"]["min"] = 2
    first, second = services.preview_migration(new=engine.parse(document), at=now)
    assert (first.partner, first.today, first.then, first.after) == (kestrel, "Select", "Silver", "Registered")
    assert (first.is_retained, first.is_loss, first.carried, len(first.missing)) == (True, True, 1, 1)
    assert (second.partner, second.then, second.after, second.is_loss) == (safe, "Registered", "Registered", False)
    programme(document=document, effective_at=now)
    assert decided(kestrel, now) == ("silver", "migration")


def test_the_designer_and_the_partner_page_show_it(client: Any, kestrel: Partner, now: datetime) -> None:
    import yaml

    text = yaml.safe_dump(new_rules(later(now, 30)))
    page = post(signed_in(portal_manager()), text=text, step="check").content.decode()
    assert "Nobody loses a tier until" in page
    assert "Kestrel" in page
    programme(document=new_rules(later(now, 30)), effective_at=now)
    decided(kestrel, now)
    client.force_login(kestrel.memberships.get().person)
    assert (
        "from the earlier programme" in client.get(reverse("portal:partner", args=[kestrel.public_id])).content.decode()
    )


def test_a_map_that_forgets_a_held_tier_is_refused(kestrel: Partner, now: datetime) -> None:
    with pytest.raises(services.ProgrammeRefused, match="says nothing of select"):
        programme(document=new_rules(later(now, 30), tiers={"premier": "gold"}), effective_at=now)


@pytest.mark.parametrize(
    "map_",
    [
        {"tiers": {"select": "bronze"}},
        {"credentials": {"sales": []}},
        {"credentials": {"sales": [3, {}]}},
        {"no_loss_until": "soon"},
        {"no_loss_until": "9999-12-31"},
        {"everybody": True},
    ],
)
def test_a_map_that_is_none_is_refused(map_: dict[str, Any]) -> None:
    with pytest.raises(engine.DocumentError):
        engine.parse(new_rules(datetime(2027, 1, 1), **map_))


def test_carrying_adds_nothing_to_what_is_held_or_began_too_late(now: datetime) -> None:
    day = now.date()
    old = engine.Held(code="a", since=day)
    people = (
        engine.Person(id="1", held=(old,)),
        engine.Person(id="2", held=(old, engine.Held(code="b"))),
        engine.Person(id="3", held=(engine.Held(code="a", since=day + timedelta(days=9)),)),
    )
    move = Migration(until=day + timedelta(days=5), credentials={"a": ("b",)})
    carried = move.carried(engine.Facts(people=people)).people or ()
    assert [[held.code for held in person.held] for person in carried] == [["a", "b"], ["a", "b"], ["a"]]
    assert carried[0].held[1].until == move.until
    assert move.carried(engine.Facts()) == engine.Facts()
    assert Migration(until=day).carried(engine.Facts(people=people)).people == people


def test_documents_without_a_map_ask_nothing_more(now: datetime) -> None:
    assert engine.parse(deepcopy(DOCUMENT)).migration is None
