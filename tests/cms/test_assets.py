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
from lms.assets.services import note_lapses, retire_asset, send_letters, withdraw_asset
from lms.events.services import drain
from tests.assets.factories import make_asset
from tests.factories import PersonaFactory, UserFactory

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
    send_letters(at=now + timedelta(days=1))
    drain()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [([author.email], "Price list is withdrawn")]
    assert "Win shops" in mail.outbox[0].body
    assert "A new one in May." in client.get(page.get_url()).content.decode()


def test_owners_of_pages_hear_of_a_lapse_in_one_letter_and_the_desk_lists_them(
    library: LibraryPage, author: User, now: datetime, client: Any
) -> None:
    """The owner of the page has left: who looks after the library hears it instead."""
    asset, left = make_asset(title="Price list", review_on=now.date() - timedelta(days=1)), UserFactory(is_active=False)
    playbook(library, asset, left)
    assert note_lapses(at=now) == 1
    send_letters(at=now)
    drain()
    told = {letter.to[0]: letter for letter in mail.outbox}
    assert set(told) == {author.email, asset.owner.email}
    assert len(mail.outbox) == 2
    assert "Pages that show it: Win shops." in told[asset.owner.email].body
    client.force_login(author)
    page = client.get("/admin/assets-desk/lapsed/").content.decode()
    assert "Price list" in page
    assert "Win shops" in page


def test_who_it_is_not_for_reads_nothing_of_it(library: LibraryPage, author: User, rep: User, client: Any) -> None:
    """Neither its title nor what is coming; who it is for does."""
    asset = make_asset(title="Price list", coming_note="Cheaper in May.")
    page = playbook(library, asset, author)
    client.force_login(rep)
    assert "Price list" in client.get(page.get_url()).content.decode()
    asset.personas.add(PersonaFactory(slug="executive"))
    text = client.get(page.get_url()).content.decode()
    assert "Win shops" in text
    assert "Price list" not in text
    retired = make_asset(title="Old list")
    retire_asset(asset=retired, by=author, at=timezone.now())
    page.stages = [("stage", {"title": "M", "goal": "G", "plays": [], "questions": [], "assets": [{"asset": retired}]})]
    page.save()
    assert "No longer available: Old list" in client.get(page.get_url()).content.decode()


@pytest.mark.parametrize("query", ["%22", "a+" * 1500, "price", "price&kind=datasheet", "price&ordering=title"])
def test_lists_of_the_admin_answer_whatever_is_typed(author: User, client: Any, query: str) -> None:
    asset = make_asset(title="Price list")
    client.force_login(author)
    for address in ("/admin/assets/", "/admin/asset_chooser/", "/admin/asset_chooser/results/"):
        page = client.get(f"{address}?q={query}")
        assert page.status_code == 200
        assert query != "price" or asset.title in page.content.decode()


def test_nobody_hears_of_an_asset_that_no_page_shows(now: datetime) -> None:
    retire_asset(asset=make_asset(), by=UserFactory(), at=now)
    drain()
    assert mail.outbox == []
