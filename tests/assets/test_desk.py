"""Who keeps assets: adding and changing them, use and verdicts, what people miss."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cms.services import set_up_site
from lms.accounts.models import User
from lms.assets.models import Asset, State
from lms.assets.services import note_miss, review_asset, withdraw_asset
from lms.partners.models import Membership
from tests.assets.factories import PDF, AssetFactory, make_asset
from tests.assets.test_pages import author, signed_in
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep() -> Membership:
    return MembershipFactory()


def form_data(owner: User, **changes: Any) -> dict[str, Any]:
    fields = {
        "title": "Gateway sheet",
        "summary": "On one page.",
        "kind": "datasheet",
        "language": "en",
        "need": "close-a-deal",
        "owner": owner.pk,
        "review_on": "2030-01-01",
        "file": SimpleUploadedFile("sheet.pdf", PDF),
    }
    return fields | changes


def test_channel_marketing_adds_an_asset_in_the_admin() -> None:
    keeper = author()
    client = signed_in(keeper)
    assert client.get(reverse("assets_admin:add")).status_code == 200
    client.post(reverse("assets_admin:add"), form_data(keeper))
    asset = Asset.objects.get()
    assert (asset.created_by, asset.current.filename) == (keeper, "sheet.pdf")
    client.post(reverse("assets_admin:edit", args=[asset.pk]), form_data(keeper, title="Sheet 2", file=""))
    asset.refresh_from_db()
    assert (asset.title, asset.current.number) == ("Sheet 2", 1)
    assert "Sheet 2" in client.get(reverse("assets_admin:index")).content.decode()


def test_a_benefit_that_nobody_gives_any_more_is_refused_and_stays_selected() -> None:
    keeper = author()
    client = signed_in(keeper)
    asset = make_asset(title="Sheet", owner=keeper, required_benefit="old-kit")
    address = reverse("assets_admin:edit", args=[asset.pk])
    page = client.post(
        address, form_data(keeper, title="Sheet 2", file="", required_benefit="old-kit")
    ).content.decode()
    assert '<option value="old-kit" selected>old-kit (no longer given)</option>' in page
    assert "Choose another benefit, or none." in page
    changed = form_data(keeper, title="Sheet 2", file="", required_benefit="")
    assert client.post(address, changed).status_code == 302
    asset.refresh_from_db()
    assert (asset.title, asset.required_benefit) == ("Sheet 2", "")


def test_a_stale_form_goes_back_with_what_was_typed_and_saves_the_second_time() -> None:
    keeper = author()
    client = signed_in(keeper)
    asset = make_asset(title="Sheet", owner=keeper)
    address = reverse("assets_admin:edit", args=[asset.pk])
    seen = client.get(address).context["form"]["seen"].value()
    review_asset(asset=asset, review_on=timezone.localdate() + timedelta(days=9), by=keeper, at=timezone.now())
    response = client.post(address, form_data(keeper, title="Sheet 2", file="", seen=seen))
    page = response.content.decode()
    assert "Somebody changed this asset after you opened the form" in page
    assert "in: Title, Summary, Review by." in page
    assert 'value="Sheet 2"' in page
    assert Asset.objects.get().title == "Sheet"
    again = response.context["form"]["seen"].value()
    assert client.post(address, form_data(keeper, title="Sheet 2", file="", seen=again)).status_code == 302
    assert Asset.objects.get().title == "Sheet 2"


def test_a_refused_file_goes_back_to_the_form() -> None:
    keeper = author()
    file = SimpleUploadedFile("sheet.pdf", b"MZ not one")
    response = signed_in(keeper).post(reverse("assets_admin:add"), form_data(keeper, file=file))
    assert "its content is something else" in response.content.decode()
    assert not Asset.objects.exists()


def test_the_desk_shows_use_and_takes_verdicts() -> None:
    keeper, asset = author(), make_asset(title="Gateway sheet")
    client = signed_in(keeper)
    assert "Gateway sheet" in client.get(reverse("assets_desk:use")).content.decode()
    client.post(reverse("assets_desk:decide", args=[asset.public_id]), {"choice": "keep", "reason": "It sells."})
    assert "It sells." in client.get(reverse("assets_desk:one", args=[asset.public_id])).content.decode()


def test_the_desk_withdraws_restores_and_reviews() -> None:
    keeper, asset = author(), make_asset()
    client = signed_in(keeper)

    def state(name: str, **data: str) -> State:
        client.post(reverse(f"assets_desk:{name}", args=[asset.public_id]), data)
        asset.refresh_from_db()
        return asset.state_on(timezone.localdate())

    assert state("withdraw") == State.AVAILABLE  # without a word of what is coming
    assert state("withdraw", coming_note="In May.") == State.WITHDRAWN
    assert client.get(reverse("assets_desk:one", args=[asset.public_id])).status_code == 200
    assert state("restore", review_on="2001-01-01") == State.WITHDRAWN
    assert state("restore", review_on="2031-01-01") == State.AVAILABLE
    state("review", review_on="2032-01-01")
    assert f"{asset.review_on}" == "2032-01-01"
    again = client.post(reverse("assets_desk:review", args=[asset.public_id]), {"review_on": "2032-01-01"}, follow=True)
    assert "Nothing was changed" in again.content.decode()


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("days", "words", "offered"),
    [
        ({}, "Partners have it.", {"decide", "review", "withdraw"}),
        ({"review_on": -DAY}, "Lapsed: it was to be reviewed by", {"decide", "review", "withdraw"}),
        ({"expires_on": -DAY}, "Lapsed: its last day was", {"decide", "withdraw"}),
    ],
)
def test_the_desk_says_where_an_asset_stands_and_offers_what_can_be_done(
    days: dict[str, timedelta], words: str, offered: set[str]
) -> None:
    client, on = signed_in(author()), timezone.now().date()
    asset = make_asset(**{name: on + distance for name, distance in days.items()})
    assert desk(client, asset) == (words, offered | {"edit"})


def desk(client: Client, asset: Asset) -> tuple[str, set[str]]:
    """The first words of what it says, and where its forms and links lead."""
    page = client.get(reverse("assets_desk:one", args=[asset.public_id])).content.decode()
    names = ("decide", "review", "withdraw", "restore")
    offered = {name for name in names if f'action="{reverse(f"assets_desk:{name}", args=[asset.public_id])}"' in page}
    offered |= {"edit"} if reverse("assets_admin:edit", args=[asset.pk]) in page else set()
    known = (
        "Partners have it.",
        "Lapsed: it was to be reviewed by",
        "Lapsed: its last day was",
        "A draft",
        "Withdrawn on",
        "Retired on",
    )
    return next(words for words in known if words in page), offered


def test_the_desk_offers_nothing_for_a_retired_one_and_little_for_drafts_and_withdrawn_ones() -> None:
    keeper = author()
    client, now = signed_in(keeper), timezone.now()
    draft, asset = AssetFactory(coming_note="In May."), make_asset()
    assert desk(client, draft) == ("A draft", {"edit", "decide"})
    page = client.get(reverse("assets_desk:one", args=[draft.public_id])).content.decode()
    assert ('value="retire"' in page, 'value="keep"' in page) == (True, False)
    withdraw_asset(asset=asset, coming_note="Soon.", by=keeper, at=now)
    assert desk(client, asset) == ("Withdrawn on", {"edit", "decide", "restore"})
    address = reverse("assets_desk:decide", args=[asset.public_id])
    client.post(address, {"choice": "retire", "reason": "So."})
    assert desk(client, asset) == ("Retired on", set())
    again = client.post(address, {"choice": "keep", "reason": "After all."}, follow=True).content.decode()
    assert "It is retired already" in again


def test_what_is_restored_after_its_last_day_is_not_said_to_be_back() -> None:
    keeper = author()
    client, now = signed_in(keeper), timezone.now()
    asset = make_asset(expires_on=now.date() - DAY)
    withdraw_asset(asset=asset, coming_note="Soon.", by=keeper, at=now)
    address = reverse("assets_desk:restore", args=[asset.public_id])
    page = client.post(address, {"review_on": "2031-01-01"}, follow=True).content.decode()
    assert "Partners cannot have it yet" in page


def test_the_backlog_is_answered_by_an_asset(rep: Membership) -> None:
    keeper, asset = author(), make_asset(title="Gateway sheet")
    search = note_miss(words="battle card", person=rep.person, at=timezone.now())
    client, address = signed_in(keeper), reverse("assets_desk:backlog")
    page = client.get(address).content.decode()
    assert "battle card" in page
    assert rep.person.name not in page
    client.post(address, {"search": search.pk, "asset": ""})
    client.post(address, {"search": search.pk, "asset": asset.pk})
    search.refresh_from_db()
    assert (search.answer, search.answered_by) == (asset, keeper)
    assert "is answered" in client.get(address).content.decode()
    for words in ("It is open again", "Nothing was changed"):
        page = client.post(reverse("assets_desk:reopen"), {"search": search.pk}, follow=True).content.decode()
        assert words in page
    assert "Mara Author</bdi> opened it again" in page
    note_miss(words="battle card", person=rep.person, at=timezone.now())
    assert "Since then 1 person looked in vain." in client.get(address).content.decode()


def test_the_desk_is_closed_to_reviewers() -> None:
    set_up_site()
    asset, reviewer = make_asset(), UserFactory()
    reviewer.groups.add(Group.objects.get(name="Content reviewers"))
    client = signed_in(reviewer)
    for name, args in (("use", []), ("one", [asset.public_id]), ("backlog", [])):
        response = client.get(reverse(f"assets_desk:{name}", args=args))
        assert response["Location"] == reverse("wagtailadmin_home")
    client.post(reverse("assets_desk:decide", args=[asset.public_id]), {"choice": "retire", "reason": "So."})
    asset.refresh_from_db()
    assert asset.retired_at is None
