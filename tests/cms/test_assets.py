"""Assets in lessons and playbooks: a link while partners have them, what is coming while they have not."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from cms.blocks import AssetBlock
from cms.models import LibraryPage, PlaybookPage
from lms.accounts.models import User
from lms.assets.models import Asset
from lms.assets.services import retire_asset, withdraw_asset
from lms.events.services import drain
from tests.assets.factories import make_asset
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def shown(asset: Asset) -> str:
    block = AssetBlock()
    return str(block.render(block.to_python({"asset": asset.pk})))


def test_an_asset_is_a_link_while_it_can_be_had() -> None:
    asset = make_asset(title="Price list")
    assert f'href="/assets/{asset.public_id}/"' in shown(asset)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"coming_note": "A new one in May.", "review_on": "2001-01-01"}, "A new one in May."),
        ({"review_on": "2001-01-01"}, "It is being reviewed"),
        ({"expires_on": "2001-01-01"}, "No longer available: Price list"),
    ],
)
def test_else_it_says_what_is_coming(fields: dict[str, Any], words: str) -> None:
    text = shown(make_asset(title="Price list", **fields))
    assert words in text
    assert "href" not in text


def playbook(library: LibraryPage, asset: Asset, owner: User) -> PlaybookPage:
    stage = {"title": "Meet", "goal": "Be heard", "plays": [], "questions": [], "assets": [{"asset": asset.pk}]}
    page = PlaybookPage(
        title="Win shops",
        slug="win-shops",
        need="close-a-deal",
        summary="How.",
        minutes=3,
        how_you_earn="Well.",
        stages=[{"type": "stage", "value": stage}],
        content_owner=owner,
        review_on=timezone.localdate() + timedelta(days=9),
    )
    return library.add_child(instance=page)


def test_a_playbook_shows_it_and_its_owner_hears_of_the_withdrawal(
    library: LibraryPage, author: User, now: datetime, client: Any
) -> None:
    asset = make_asset(title="Price list")
    page = playbook(library, asset, author)
    client.force_login(author)
    assert f"/assets/{asset.public_id}/" in client.get(page.get_url()).content.decode()
    withdraw_asset(asset=asset, coming_note="A new one in May.", by=author, at=now)
    drain()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [([author.email], "Price list is withdrawn")]
    assert "Win shops" in mail.outbox[0].body
    assert "A new one in May." in client.get(page.get_url()).content.decode()


def test_nobody_hears_of_an_asset_that_no_page_shows(now: datetime) -> None:
    retire_asset(asset=make_asset(), by=UserFactory(), at=now)
    drain()
    assert mail.outbox == []
