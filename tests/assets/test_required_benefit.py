"""A file that asks for a benefit of the partner's tier: everybody it is for knows of it, whose tier gives it has it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courses.audience import way_in
from lms.accounts.models import User
from lms.assets.models import Asset
from lms.partners.models import Membership, Partner
from lms.partners.services import set_benefits, suspend_partner
from lms.xapi.vocabulary import DOWNLOADED, SHARED
from tests.assets.factories import PDF, make_asset
from tests.assets.test_pages import ask, library, signed_in, uses
from tests.factories import MembershipFactory, RegionFactory, UserFactory

pytestmark = pytest.mark.django_db
WORDS = "No tier of the programme gives it at present."  # as said while no programme is in force


@pytest.fixture
def rep() -> Membership:
    return MembershipFactory()


@pytest.fixture
def asset() -> Asset:
    return make_asset(title="Campaign kit", required_benefit="campaigns")


def give(partner: Partner, *names: str) -> datetime:
    at = timezone.now() - timedelta(minutes=1)
    set_benefits(partner=partner, benefits=dict.fromkeys(names, "Words"), at=at)
    return at


def has_file(person: User, asset: Asset) -> bool:
    """Whether the file itself comes, and nothing but it."""
    answer = ask(person, "download", asset)
    return answer.status_code == 200 and b"".join(answer) == PDF


def test_who_lacks_it_reads_how_to_get_it_and_has_no_file(rep: Membership, asset: Asset) -> None:
    make_asset(title="Datasheet")
    page = library(rep)
    assert page.index("Datasheet") < page.index("With a higher tier") < page.index("Campaign kit")
    page = ask(rep.person, "asset", asset).content.decode()
    assert (WORDS in page, "Download" in page, "Get the link" in page) == (True, False, False)
    assert ask(rep.person, "preview", asset).status_code == 404
    address = reverse("assets:asset", args=[asset.public_id])
    assert ask(rep.person, "download", asset).headers["Location"] == address
    ask(rep.person, "share", asset, "post")
    assert (uses(DOWNLOADED), uses(SHARED)) == (0, 0)
    assert asset.title not in signed_in(rep.person).get(f"/needs/{asset.need}/").content.decode()
    row = signed_in(rep.person).get(f"/api/v1/assets/{asset.public_id}/").json()
    assert (row["download_url"], row["required_benefit"], row["state"]) == (None, "campaigns", "available")


def test_who_has_it_has_the_file_until_it_ends(rep: Membership, asset: Asset) -> None:
    give(rep.partner, "campaigns", "others")
    assert "With a higher tier" not in library(rep)
    assert has_file(rep.person, asset)
    assert signed_in(rep.person).get(f"/api/v1/assets/{asset.public_id}/").json()["download_url"]
    give(rep.partner, "others")
    assert not has_file(rep.person, asset)


def test_the_vendor_s_people_have_all(asset: Asset) -> None:
    reviewer: Any = UserFactory()
    reviewer.groups.add(Group.objects.get(name="Content reviewers"))
    assert has_file(reviewer, asset)


def test_the_benefit_of_another_partner_opens_nothing(rep: Membership, asset: Asset) -> None:
    """Who works for two has it for the one that the asset is for."""
    asset.regions.add(rep.partner.region)
    other = MembershipFactory(person=rep.person, partner__region=RegionFactory(slug="far"))
    give(other.partner, "campaigns")
    assert not has_file(rep.person, asset)
    asset.regions.add(other.partner.region)
    assert has_file(rep.person, asset)
    suspend_partner(partner=other.partner, by=UserFactory(), reason="Unpaid", at=timezone.now())
    assert not has_file(rep.person, asset)


def test_rows_and_words_agree_at_any_moment(rep: Membership, asset: Asset) -> None:
    free = make_asset()
    at = give(rep.partner, "campaigns")
    for moment, is_open in ((at - timedelta(seconds=1), False), (at, True)):
        assert (asset in Asset.objects.open_to(rep.person, moment)) is is_open
        assert (asset in Asset.objects.opened_to(rep, moment)) is is_open
        assert way_in(asset, benefit="campaigns", user=rep.person, at=moment) == ("" if is_open else WORDS)
        assert free in Asset.objects.open_to(rep.person, moment)
    stranger = UserFactory()
    assert way_in(asset, benefit="campaigns", user=stranger, at=at).startswith("It comes with a tier")
    assert not Asset.objects.open_to(stranger, at).exists()


def test_many_ask_as_often_as_one(rep: Membership, asset: Asset) -> None:
    client, counts = signed_in(rep.person), []
    for more in (0, 2):
        for number in range(more):
            make_asset(required_benefit=f"benefit-{number}")
        for address in (reverse("assets:library"), "/api/v1/assets/"):
            with CaptureQueriesContext(connection) as caught:
                assert client.get(address).status_code == 200
            counts.append(len(caught))
    assert counts[:2] == counts[2:]
