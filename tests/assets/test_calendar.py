"""One calendar: an asset is there or not for everybody at the same moment, wherever the reader's clock stands."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cms.blocks import AssetBlock
from lms.assets.models import Asset
from tests.assets.factories import make_asset
from tests.assets.test_pages import author, signed_in
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 27)


@pytest.fixture(params=[(12, "Pacific/Kiritimati"), (6, "Etc/GMT+12")], ids=["a day ahead", "a day behind"])
def zone(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where it is another day than in UTC, at a moment of the 27th."""
    hour, name = request.param
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 27, hour, tzinfo=UTC))
    return str(name)


@pytest.mark.parametrize(("review_on", "is_there"), [(DAY, True), (date(2026, 11, 26), False)])
def test_every_page_gives_the_same_answer(zone: str, review_on: date, is_there: bool) -> None:
    rep = MembershipFactory(person__time_zone=zone)
    asset = make_asset(title="Gateway sheet", review_on=review_on)
    client = signed_in(rep.person)
    told = client.get(f"/api/v1/assets/{asset.public_id}/").json()
    answers = {
        "library": "Not to be had today" not in page(client, "assets:library"),
        "asset": "Download" in page(client, "assets:asset", asset.public_id),
        "download": status(client, "assets:download", asset) == 200,
        "preview": status(client, "assets:preview", asset) == 200,
        "need": asset.title in page(client, "portal:need", "close-a-deal"),
        "api": told["state"] == "available",
        "api link": told["download_url"] is not None,
        "block": "href" in block(asset, zone),
    }
    assert answers == dict.fromkeys(answers, is_there)


def test_the_list_in_the_admin_keeps_the_same_calendar(zone: str) -> None:
    keeper = author()
    keeper.time_zone = zone
    keeper.save(update_fields=["time_zone"])
    make_asset(title="Kept", review_on=DAY)
    make_asset(title="Past", review_on=date(2026, 11, 26))
    assert page(signed_in(keeper), "assets_admin:index").count("Review overdue") == 1


def page(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def status(client: Client, name: str, asset: Asset) -> int:
    response = client.get(reverse(name, args=[asset.public_id]))
    if response.streaming:
        b"".join(response)  # type: ignore[arg-type]
    return int(response.status_code)


def block(asset: Asset, zone: str) -> str:
    found = AssetBlock()
    with timezone.override(zone):
        return str(found.render(found.to_python({"asset": asset.pk})))
