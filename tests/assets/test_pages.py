"""The library, an asset, its file, the desk in the admin, and the API: for whom, and what they leave on record."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cms.services import set_up_site
from lms.accounts.models import User
from lms.assets.models import Asset, Kind, MissedSearch, ProductVersion
from lms.partners.models import Membership
from lms.xapi.agents import verb_key
from lms.xapi.models import Statement
from lms.xapi.vocabulary import DOWNLOADED, SHARED, VIEWED
from tests.assets.factories import PDF, AssetFactory, add_file, make_asset
from tests.factories import MembershipFactory, PersonaFactory, RegionFactory, TierNameFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep() -> Membership:
    return MembershipFactory()


def author() -> User:
    set_up_site()  # gives the roles the admin
    person: User = UserFactory(name="Mara Author")
    person.groups.add(Group.objects.get(name="Channel marketing"))
    return person


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def library(rep: Membership, **query: str) -> str:
    response = signed_in(rep.person).get(reverse("assets:library"), query)
    assert response.status_code == 200
    return response.content.decode()


def ask(person: User, name: str, asset: Asset, method: str = "get", **headers: str) -> HttpResponse:
    response: HttpResponse = getattr(signed_in(person), method)(
        reverse(f"assets:{name}", args=[asset.public_id]), headers=headers
    )
    return response


def uses(verb: str) -> int:
    return Statement.objects.filter(verb_key=verb_key(verb)).count()


def test_library_puts_assets_under_what_the_partner_wants(rep: Membership) -> None:
    make_asset(title="Gateway sheet", need="close-a-deal")
    make_asset(title="Rack plan", need="implement-the-product")
    page = library(rep)
    assert page.index("Close a deal</h2>") < page.index("Gateway sheet") < page.index("Rack plan")
    assert "Get certified</h2>" not in page


def test_library_says_what_is_coming(rep: Membership) -> None:
    today = timezone.localdate()
    make_asset(title="Old prices", review_on=today - timedelta(days=1))
    AssetFactory(title="New deck", coming_note="In May, with the new pictures.")
    page = library(rep)
    assert page.index("Not to be had today") < page.index("In May, with the new pictures.")
    assert "Being reviewed, back soon." in page


@pytest.mark.parametrize(
    "query",
    [
        {"need": "implement-the-product"},
        {"kind": "logo"},
        {"language": "de"},
        {"persona": "engineer"},
        {"product": "gateway-4"},
        {"q": "rack"},
        {"q": "Rac"},
    ],
)
def test_each_filter_finds_the_one(rep: Membership, query: dict[str, str]) -> None:
    wanted = make_asset(title="Rack marks", need="implement-the-product", kind=Kind.LOGO, language="de")
    wanted.personas.add(PersonaFactory(slug="engineer"), rep.persona)
    wanted.products.add(ProductVersion.objects.create(slug="gateway-4", name="Gateway 4"))
    other = make_asset(title="Something else")
    other.personas.add(rep.persona)
    page = library(rep, **query)
    assert "Rack marks" in page
    assert "Something else" not in page


def test_unknown_filters_are_no_error(rep: Membership) -> None:
    make_asset(title="Gateway sheet")
    assert "Gateway sheet" in library(rep, need="x", kind="x", language="x", persona="x", product="x")


def test_what_is_found_for_nobody_is_remembered(rep: Membership) -> None:
    make_asset(title="Gateway sheet")
    assert "Nothing found" in library(rep, q="battle card")
    library(rep, q="battle card", kind="logo")
    assert MissedSearch.objects.get().words == "battle card"
    signed_in(author()).get(reverse("assets:library"), {"q": "something"})
    library(rep, q="gateway")
    assert MissedSearch.objects.count() == 1


def test_library_asks_the_same_number_of_queries(rep: Membership) -> None:
    client, address = signed_in(rep.person), reverse("assets:library")
    make_asset()
    counts = []
    for more in (0, 2):
        for _ in range(more):
            make_asset(minimum_tier=None)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(address)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_library_does_not_show_what_is_for_others(rep: Membership) -> None:
    for_tier = make_asset(title="Premier prices", minimum_tier=TierNameFactory(slug="premier"))
    for_region = make_asset(title="Asia prices")
    for_region.regions.add(RegionFactory(slug="apac"))
    page = library(rep)
    assert "Premier prices" not in page
    assert "Asia prices" not in page
    for asset in (for_tier, for_region):
        for name in ("asset", "preview", "download"):
            assert ask(rep.person, name, asset).status_code == 404
        assert ask(rep.person, "share", asset, "post").status_code == 404


def test_download_leaves_as_an_attachment_and_is_recorded(rep: Membership) -> None:
    response = ask(rep.person, "download", make_asset())
    assert b"".join(response) == PDF
    assert response["Content-Disposition"] == 'attachment; filename="datasheet.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert (uses(DOWNLOADED), uses(VIEWED)) == (1, 0)


def test_a_pdf_to_look_at_has_no_sandbox_which_its_readers_do_not_run_in(rep: Membership) -> None:
    response = ask(rep.person, "preview", make_asset())
    assert b"".join(response) == PDF
    assert response["Content-Disposition"].startswith("inline")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" not in policy


def test_head_is_no_use(rep: Membership, settings: Any) -> None:
    settings.ACCEL_REDIRECT_PREFIX = "/private/"
    assert ask(rep.person, "download", make_asset(), "head").status_code == 200
    assert uses(DOWNLOADED) == 0


@pytest.mark.parametrize(("name", "verb"), [("download", DOWNLOADED), ("preview", VIEWED)])
def test_only_what_was_handed_out_is_a_use(rep: Membership, name: str, verb: str) -> None:
    asset = make_asset()
    whole = ask(author(), name, asset)  # whose use is not recorded
    assert b"".join(whole) == PDF
    assert ask(rep.person, name, asset, **{"If-None-Match": whole["ETag"]}).status_code == 304
    assert ask(rep.person, name, asset, Range="bytes=900-").status_code == 416
    assert uses(verb) == 0
    assert b"".join(ask(rep.person, name, asset, Range="bytes=0-3")) == PDF[:4]
    assert uses(verb) == 1


def test_the_web_server_sends_it_where_it_can(rep: Membership, settings: Any) -> None:
    settings.ACCEL_REDIRECT_PREFIX = "/private/"
    asset = make_asset()
    response = ask(rep.person, "download", asset)
    assert response["X-Accel-Redirect"] == f"/private/{asset.current.file.name}"
    assert response.content == b""


def test_preview_shows_a_pdf_and_a_piece_of_a_video(rep: Membership) -> None:
    shown = ask(rep.person, "preview", make_asset())
    assert shown["Content-Disposition"].startswith("inline")
    b"".join(shown)
    video = AssetFactory()
    add_file(video, b"\x1aE\xdf\xa3" + bytes(80), media_type="video/webm", filename="film.webm")
    piece = ask(rep.person, "preview", video, Range="bytes=2-3")
    assert (piece.status_code, b"".join(piece)) == (206, b"\xdf\xa3")
    assert uses(VIEWED) == 2


def test_a_file_is_known_by_its_tag_and_a_piece_is_of_the_same_file(rep: Membership) -> None:
    asset = AssetFactory()
    add_file(asset, b"\x1aE\xdf\xa3" + bytes(80), media_type="video/webm", filename="film.webm")

    def told(**headers: str) -> tuple[int, bytes]:
        response = ask(rep.person, "preview", asset, **headers)
        return response.status_code, b"".join(response)

    whole = ask(rep.person, "preview", asset)
    tag = whole["ETag"]
    assert len(b"".join(whole)) == 84
    assert told(If_None_Match=tag) == (304, b"")
    assert told(If_None_Match="*")[0] == 304
    assert told(If_None_Match='"another"')[0] == 200
    assert told(Range="bytes=0-0", If_Range=tag) == (206, b"\x1a")
    assert told(Range="bytes=0-0", If_Range='"another"')[0] == 200
    assert told(Range="bytes=90-")[0] == 416


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/zip", "text/plain"])
def test_what_could_run_is_never_shown_inline(rep: Membership, media_type: str) -> None:
    asset = AssetFactory()
    add_file(asset, b"<svg/>", media_type=media_type, filename="a.svg")
    assert ask(rep.person, "preview", asset).status_code == 404
    sent = ask(rep.person, "download", asset)
    assert sent["Content-Disposition"].startswith("attachment")
    b"".join(sent)


def test_withdrawn_ones_lead_to_what_is_coming(rep: Membership) -> None:
    asset = make_asset(withdrawn_at=timezone.now(), withdrawn_by=UserFactory(), coming_note="A new one in May.")
    response = ask(rep.person, "download", asset)
    assert response["Location"] == reverse("assets:asset", args=[asset.public_id])
    assert ask(rep.person, "preview", asset).status_code == 404
    page = ask(rep.person, "asset", asset).content.decode()
    assert "A new one in May." in page
    assert "Download" not in page
    ask(rep.person, "share", asset, "post")
    assert not Statement.objects.exists()


def test_sharing_shows_an_address_that_asks_for_a_sign_in(rep: Membership, settings: Any) -> None:
    asset = make_asset()
    response = ask(rep.person, "share", asset, "post")
    assert uses(SHARED) == 1
    page = signed_in(rep.person).get(response["Location"]).content.decode()
    assert f'value="{settings.SITE_URL}/assets/{asset.public_id}/"' in page
    assert Client().get(f"/assets/{asset.public_id}/")["Location"].startswith("/accounts/login/")


def test_expired_and_retired_ones_say_so(rep: Membership) -> None:
    expired = make_asset(expires_on=timezone.localdate() - timedelta(days=1))
    assert "No longer valid" in ask(rep.person, "asset", expired).content.decode()
    gone = make_asset(retired_at=timezone.now(), retired_by=UserFactory())
    assert ask(rep.person, "asset", gone).status_code == 404
    assert "Retired" in ask(author(), "asset", gone).content.decode()


def test_old_files_are_for_who_keeps_assets(rep: Membership) -> None:
    asset = make_asset()
    add_file(asset, PDF + b"% two\n")
    address = reverse("assets:version", args=[asset.public_id, 1])
    assert signed_in(rep.person).get(address).status_code == 403
    keeper = signed_in(author())
    assert b"".join(keeper.get(address)) == PDF
    assert keeper.get(reverse("assets:version", args=[asset.public_id, 9])).status_code == 404
    assert "Version 1" in keeper.get(reverse("assets:asset", args=[asset.public_id])).content.decode()
    assert not Statement.objects.exists()


def test_without_a_file_there_is_nothing_to_download(rep: Membership) -> None:
    asset = AssetFactory(coming_note="In May.")
    assert ask(rep.person, "download", asset).status_code == 302
    assert ask(rep.person, "preview", asset).status_code == 404


def test_pictures_and_videos_stand_on_the_page(rep: Membership) -> None:
    picture, video = AssetFactory(), AssetFactory()
    add_file(picture, b"x", media_type="image/png", filename="a.png")
    add_file(video, b"x", media_type="video/mp4", filename="a.mp4")
    assert "<img src=" in ask(rep.person, "asset", picture).content.decode()
    assert "<video controls" in ask(rep.person, "asset", video).content.decode()


def test_the_need_page_leads_to_assets(rep: Membership) -> None:
    for number in range(5):
        make_asset(title=f"Sheet {number}")
    page = signed_in(rep.person).get(reverse("portal:need", args=["close-a-deal"])).content.decode()
    assert page.count("Sheet ") == 4
    assert "/assets/?need=close-a-deal" in page


# --- The API ---


def test_api_lists_what_the_caller_sees(rep: Membership) -> None:
    asset = make_asset(title="Gateway sheet")
    late = make_asset(title="Old prices", review_on=timezone.localdate() - timedelta(days=1), kind=Kind.PRICE_LIST)
    make_asset(title="Premier prices", minimum_tier=TierNameFactory(slug="premier"))
    client = signed_in(rep.person)
    rows = client.get("/api/v1/assets/").json()["results"]
    assert [(row["title"], row["state"], row["version"]) for row in rows] == [
        ("Gateway sheet", "available", 1),
        ("Old prices", "overdue", 1),
    ]
    assert rows[0]["download_url"] == f"/assets/{asset.public_id}/download/"
    assert rows[1]["download_url"] is None
    filtered = client.get("/api/v1/assets/?kind=price-list").json()["results"]
    assert [row["id"] for row in filtered] == [str(late.public_id)]
    assert client.get(f"/api/v1/assets/{asset.public_id}/").json()["sha256"] == asset.current.sha256


def test_api_hides_what_is_for_others(rep: Membership) -> None:
    hidden = make_asset(minimum_tier=TierNameFactory(slug="premier"))
    assert signed_in(rep.person).get(f"/api/v1/assets/{hidden.public_id}/").status_code == 404


def test_hidden_assets_change_nothing_that_is_found(rep: Membership) -> None:
    """Neither whether a title is completed, nor how many hits there is room for."""
    mine = make_asset(title="Gateway datasheet")
    assert mine.title in library(rep, q="gate")
    hidden = make_asset(title="Gate prices")
    hidden.personas.add(PersonaFactory(slug="executive"))
    page = library(rep, q="gate")
    assert mine.title in page
    assert hidden.title not in page
