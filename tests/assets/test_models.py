"""What a row says of an asset: where it stands on a day, and who sees it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.db import IntegrityError, transaction

from lms.assets.models import Asset, AssetVersion, State
from lms.partners.models import Membership
from tests.assets.factories import AssetFactory, add_file, make_asset
from tests.factories import (
    MembershipFactory,
    PartnerFactory,
    PartnerTypeFactory,
    PersonaFactory,
    RegionFactory,
    TierNameFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 16)
DAY = timedelta(days=1)


def withdrawn(at: datetime) -> dict[str, Any]:
    return {"withdrawn_at": at, "withdrawn_by": UserFactory(), "coming_note": "A new one in May."}


def retired(at: datetime) -> dict[str, Any]:
    return {"retired_at": at, "retired_by": UserFactory()}


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, State.AVAILABLE),
        ({"review_on": TODAY}, State.AVAILABLE),
        ({"review_on": TODAY - DAY}, State.OVERDUE),
        ({"expires_on": TODAY}, State.AVAILABLE),
        ({"expires_on": TODAY - DAY}, State.EXPIRED),
        ({"expires_on": TODAY - DAY, "review_on": TODAY - DAY}, State.EXPIRED),
    ],
)
def test_state_follows_the_calendar(fields: dict[str, Any], state: State) -> None:
    asset = make_asset(**fields)
    assert asset.state_on(TODAY) == state
    assert Asset.objects.available(TODAY).exists() is (state == State.AVAILABLE)


def test_state_without_a_file_is_planned() -> None:
    assert AssetFactory().state_on(TODAY) == State.PLANNED
    assert not Asset.objects.available(TODAY).exists()


def test_a_decision_goes_before_the_calendar(now: datetime) -> None:
    overdue = {"review_on": TODAY - DAY}
    assert make_asset(**withdrawn(now), **overdue).state_on(TODAY) == State.WITHDRAWN
    assert make_asset(**withdrawn(now), **retired(now), **overdue).state_on(TODAY) == State.RETIRED
    assert not Asset.objects.available(TODAY).exists()


def test_overdue_leaves_out_what_is_retired(now: datetime) -> None:
    late = make_asset(review_on=TODAY - DAY)
    make_asset(review_on=TODAY)
    make_asset(review_on=TODAY - DAY, **retired(now))
    assert list(Asset.objects.overdue(TODAY)) == [late]


def reader() -> Membership:
    return MembershipFactory(
        partner=PartnerFactory(current_tier=TierNameFactory(slug="select"), tier_since="2026-01-01T00:00Z")
    )


def test_everybody_sees_what_is_for_everybody() -> None:
    asset = make_asset()
    assert list(Asset.objects.visible_to(reader().person)) == [asset]


def test_nobody_without_a_membership_sees_anything() -> None:
    make_asset()
    assert not Asset.objects.visible_to(UserFactory()).exists()
    assert not Asset.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize("aim", ["personas", "partner_types", "regions", "minimum_tier"])
def test_each_of_the_four_must_admit(aim: str) -> None:
    mine, other = reader(), make_asset()
    if aim == "minimum_tier":
        other.minimum_tier = TierNameFactory(slug="premier")
        other.save(update_fields=["minimum_tier"])
    else:
        made = {"personas": PersonaFactory, "partner_types": PartnerTypeFactory, "regions": RegionFactory}[aim]
        getattr(other, aim).add(made(slug="another"))
    assert not Asset.objects.visible_to(mine.person).exists()


def test_what_is_aimed_at_me_is_seen_once() -> None:
    mine, asset = reader(), make_asset(minimum_tier=TierNameFactory(slug="select"))
    asset.personas.add(mine.persona, PersonaFactory(slug="engineer"))
    asset.regions.add(mine.partner.region, RegionFactory(slug="apac"))
    assert list(Asset.objects.visible_to(mine.person)) == [asset]
    assert list(Asset.objects.for_persona(mine.persona)) == [asset]
    assert not Asset.objects.for_persona(PersonaFactory(slug="owner")).exists()


def test_without_a_file_it_is_seen_when_it_says_what_comes(now: datetime) -> None:
    AssetFactory()
    announced = AssetFactory(coming_note="In May.")
    make_asset(**retired(now))
    gone = make_asset(**withdrawn(now))
    assert set(Asset.objects.visible_to(reader().person)) == {announced, gone}


def test_vendor_staff_sees_all(now: datetime) -> None:
    author = UserFactory()
    author.groups.add(Group.objects.get(name="Channel marketing"))
    AssetFactory()
    make_asset(**retired(now))
    assert Asset.objects.visible_to(author).count() == 2


def refused(**fields: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AssetFactory(**fields)


def test_the_database_refuses_half_decisions(now: datetime) -> None:
    refused(withdrawn_at=now, coming_note="In May.")
    refused(retired_at=now)
    refused(withdrawn_at=now, withdrawn_by=UserFactory())


def test_the_database_refuses_a_number_twice_and_an_empty_file() -> None:
    asset = make_asset()
    with pytest.raises(IntegrityError), transaction.atomic():
        AssetVersion.objects.filter(asset=asset).update(size=0)
    add_file(asset)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssetVersion.objects.filter(asset=asset).update(number=7)


def test_a_file_is_kept_under_a_name_that_tells_nothing() -> None:
    first, second = add_file(AssetFactory()), add_file(AssetFactory())
    folder, _, name = first.file.name.partition("/")
    assert (folder, len(name)) == ("assets", 32)
    assert first.file.name != second.file.name
    assert first.file.url == ""
    assert str(first) == f"{first.asset.title} v1"
