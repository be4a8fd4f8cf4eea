"""Pages of co-branding: the brand, "make it yours", copies, checking one, and the designer of zones."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from certifications import limits
from lms.assets.branding import slots
from lms.assets.branding.errors import TooManyCopies
from lms.assets.models import Asset, BrandedCopy, BrandProfile, BrandTemplate
from lms.assets.services import add_version, branding, send_letters, withdraw_asset
from lms.assets.services.copy_holders import require_room
from lms.events.services import drain
from lms.partners.models import Membership
from tests.assets.branding_material import document, logo_png, master_pdf, saved
from tests.assets.factories import AssetFactory, add_file, make_asset
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
CLAIM = {"id": "claim", "kind": "text", "box": [10, 10, 80, 12], "label": "your claim", "default": "Near you"}


@pytest.fixture
def asset() -> Asset:
    asset = make_asset(master_pdf(pages=2), title="Gateway datasheet")
    branding.save_template(version=asset.current, document=document(CLAIM), by=asset.owner, at=timezone.now())
    return asset


@pytest.fixture
def manager() -> Membership:
    return MembershipFactory(role=Membership.Role.MANAGER, partner__name="Nordwind")


@pytest.fixture
def client(manager) -> Client:
    return _signed_in(manager.person)


def _signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def _marketing() -> Client:
    person = UserFactory()
    person.groups.add(Group.objects.get(name="Channel marketing"))
    return _signed_in(person)


def _brand(manager) -> None:
    branding.save_brand(
        partner=manager.partner,
        by=manager.person,
        at=timezone.now(),
        name="Nordwind",
        contact=["Kai 4"],
        website="",
        primary="#1d4f91",
    )


def _copy(manager, asset) -> BrandedCopy:
    return branding.make_copy(
        template=branding.template_of(asset.current),
        partner=manager.partner,
        by=manager.person,
        wish=branding.Wish(values={"claim": "For you"}),
        request_key=uuid4(),
        at=timezone.now(),
    )


def _words(response) -> str:
    return " ".join(response.content.decode().split())


def test_manager_sets_up_the_brand_and_others_read_it(client, manager):
    fields = {
        "name": "Nordwind Systems",
        "contact": "Kai 4\nHamburg",
        "website": "nordwind.example",
        "primary": "#1d4f91",
    }
    logo = SimpleUploadedFile("x.svg", logo_png(), "image/svg+xml")

    assert client.post(reverse("branding:brand"), {**fields, "logo": logo}).status_code == 302
    assert BrandProfile.objects.get().contact == ["Kai 4", "Hamburg"]
    with Image.open(io.BytesIO(client.get(reverse("branding:logo")).content)) as picture:
        assert picture.format == "PNG"
    assert 'value="#1d4f91"' in _words(client.get(reverse("branding:brand")))
    assert client.post(reverse("branding:brand"), {**fields, "drops_logo": "on"}).status_code == 302
    assert client.get(reverse("branding:logo")).status_code == 404

    member = _signed_in(MembershipFactory(partner=manager.partner).person)
    assert "A manager of your company changes it." in _words(member.get(reverse("branding:brand")))
    assert member.post(reverse("branding:brand"), fields).status_code == 403


def test_brand_that_cannot_be_printed_comes_back_with_words(client):
    fields = {"name": "Nordwind", "primary": "#ffcc00", "on_primary": "#ffffff"}
    answer = client.post(reverse("branding:brand"), fields)

    assert answer.status_code == 400
    assert "have a contrast of 1.5:1" in _words(answer)
    fake = SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png")
    answer = client.post(reverse("branding:brand"), {"name": "N", "primary": "#1d4f91", "logo": fake})
    assert "This is not a picture in PNG or JPEG." in _words(answer)
    assert BrandProfile.objects.count() == 0


def test_making_a_copy_needs_no_script(client, manager, asset):
    page = reverse("branding:make", args=[asset.public_id])
    assert "First your brand" in _words(client.get(page))
    _brand(manager)
    shown = client.get(page)
    assert "Page 1 of 2" in _words(shown)
    looked = client.get(page, {"zone_claim": "At your side", "page": "2"})
    assert "zone_claim=At%20your%20side" in _words(looked) or "zone_claim=At+your+side" in _words(looked)
    key = str(shown.context["request_key"])
    words = {"zone_claim": "At your side", "request_key": key}

    for _ in range(2):
        assert client.post(page, words).url == reverse("branding:copies")
    copy = BrandedCopy.objects.get()
    assert copy.values == {"claim": "At your side"}
    sent = client.get(reverse("branding:download", args=[copy.public_id]))
    assert b"".join(sent.streaming_content).startswith(b"%PDF-1.7")
    assert sent["Content-Disposition"] == f'attachment; filename="{copy.filename}"'
    assert client.post(page, {**words, "zone_claim": "Other"}).status_code == 400
    assert client.post(page, {"zone_claim": "x", "request_key": "x"}).status_code == 400


def test_typing_brings_only_the_preview(client, manager, asset):
    _brand(manager)
    answer = client.get(
        reverse("branding:make", args=[asset.public_id]), {"zone_claim": "Ahoi"}, headers={"HX-Request": "true"}
    )

    assert _words(answer).startswith('<figure id="preview"')
    with Image.open(
        io.BytesIO(client.get(reverse("branding:preview", args=[asset.public_id]), {"zone_claim": "A"}).content)
    ) as page:
        assert page.format == "PNG"


def test_preview_says_what_is_missing_and_is_limited(client, manager, asset, monkeypatch):
    page = reverse("branding:preview", args=[asset.public_id])
    assert client.get(page, {"zone_claim": "A"}).status_code == 400
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)
    assert client.get(page, {"zone_claim": "A"}).status_code == 429


def test_preview_shows_no_other_words_than_were_typed(client, manager, asset):
    _brand(manager)
    answer = client.get(reverse("branding:preview", args=[asset.public_id]), {"zone_claim": "A" * 121})
    assert (answer.status_code, _words(answer)) == (
        400,
        "Your claim: Ensure this value has at most 120 characters (it has 121).",
    )


def test_asset_without_zones_or_not_to_be_had_is_no_template(client, manager, asset):
    bare = make_asset(master_pdf())
    assert client.get(reverse("branding:make", args=[bare.public_id])).status_code == 404
    assert "Make it yours" in _words(client.get(reverse("assets:asset", args=[asset.public_id])))
    assert "Make it yours" not in _words(client.get(reverse("assets:asset", args=[bare.public_id])))
    withdraw_asset(asset=asset, coming_note="Soon", by=asset.owner, at=timezone.now())
    assert client.get(reverse("branding:make", args=[asset.public_id])).status_code == 404


def test_copies_are_the_partners_own_and_say_where_they_stand(client, manager, asset):
    _brand(manager)
    copy = _copy(manager, asset)
    stranger = _signed_in(MembershipFactory().person)

    assert "Current" in _words(client.get(reverse("branding:copies")))
    assert copy.public_id not in _words(stranger.get(reverse("branding:copies")))
    assert stranger.get(reverse("branding:download", args=[copy.public_id])).status_code == 404
    withdraw_asset(asset=asset, coming_note="A better one in May", by=asset.owner, at=timezone.now())
    assert "Withdrawn" in _words(client.get(reverse("branding:copies")))
    gone = client.get(reverse("branding:download", args=[copy.public_id]))
    assert gone.status_code == 410
    assert "A better one in May" in _words(gone)


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_copies_asks_as_often_for_three_as_for_one(client, manager, asset, count, django_assert_num_queries):
    _brand(manager)
    for _ in range(count):
        _copy(manager, asset)
    client.get(reverse("branding:copies"))

    with django_assert_num_queries(7):
        client.get(reverse("branding:copies"))


def test_anybody_with_the_number_sees_whether_it_holds(manager, asset):
    _brand(manager)
    copy, visitor = _copy(manager, asset), Client()
    address = reverse("branding:check", args=[copy.public_id])
    page = visitor.get(address)

    assert page["X-Robots-Tag"] == "noindex, nofollow"
    for words in ("This copy is genuine and holds today.", "Gateway datasheet", "Nordwind", copy.sha256):
        assert words in _words(page)
    for email in (manager.person.email, manager.person.name):
        assert email not in _words(page)
    add_version(asset=asset, file=_file(master_pdf(pages=3)), filename="new.pdf", by=asset.owner, at=timezone.now())
    assert "there is a newer version" in _words(visitor.get(address))
    BrandedCopy.objects.update(expires_on=timezone.now().date() - timedelta(days=1))
    Asset.objects.update(current=copy.template.version)
    assert "It was valid until" in _words(visitor.get(address))
    withdraw_asset(asset=asset, coming_note="Soon", by=asset.owner, at=timezone.now())
    assert "This material was withdrawn." in _words(visitor.get(address))


def _file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("x.pdf", content)


def test_unknown_number_is_answered_alike_and_looking_up_is_limited(monkeypatch):
    visitor = Client()
    assert visitor.get(reverse("branding:check_form"), {"number": " ab c"}).url == reverse(
        "branding:check", args=["abc"]
    )
    assert "letters, digits" in _words(visitor.get(reverse("branding:check_form"), {"number": "../x"}))
    page = visitor.get(reverse("branding:check", args=["abc"]))
    assert (page.status_code, "No copy has this number." in _words(page)) == (200, True)
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)
    limited = visitor.get(reverse("branding:check", args=["abc"]))
    assert (limited.status_code, int(limited["Retry-After"]) > 0) == (429, True)


def test_new_file_takes_the_zones_over_and_its_holders_are_told(manager, asset, mailoutbox):
    _brand(manager)
    _copy(manager, asset)
    at = timezone.now()
    add_version(asset=asset, file=_file(master_pdf(pages=3)), filename="new.pdf", by=asset.owner, at=at)
    drain()
    assert branding.template_of(asset.current).document == branding.template_of(asset.versions.get(number=1)).document
    send_letters(at=at + timedelta(days=1))
    drain()
    assert [letter.subject for letter in mailoutbox] == ["Gateway datasheet: a newer version"]

    _copy(manager, asset)
    withdraw_asset(asset=asset, coming_note="A better one in May", by=asset.owner, at=at + timedelta(days=2))
    drain()
    send_letters(at=at + timedelta(days=3))
    drain()
    told = [letter for letter in mailoutbox if letter.subject == "Gateway datasheet is withdrawn"]
    assert len(told) == 1
    assert "A better one in May" in told[0].body


def _rows(*zones) -> dict[str, str]:
    rows = {"zones-TOTAL_FORMS": str(len(zones)), "zones-INITIAL_FORMS": "0", "dpi": "150", "seen": "1.0"}
    for number, zone in enumerate(zones):
        usual = {"page": 1, "min_size": 7, "max_size": 14, "lines": 2, "colour": "ink"}
        rows |= {f"zones-{number}-{name}": str(value) for name, value in (usual | zone).items()}
    return rows


def test_marketing_places_zones_by_numbers_and_sees_an_example():
    asset, marketing = make_asset(master_pdf()), _marketing()
    page, picture = (reverse(f"branding:{name}", args=[asset.public_id]) for name in ("zones", "zones_preview"))
    assert "Page 1: 210" in _words(marketing.get(page))
    bare = marketing.get(picture).content
    stamp = {"id": "stamp", "kind": "stamp", "x": 130, "y": 280, "width": 70, "height": 14}
    name = {"id": "name", "kind": "name", "x": 10, "y": 280, "width": 100, "height": 14}

    refused = marketing.post(page, _rows(stamp))
    assert (refused.status_code, "needs a zone for the partner" in _words(refused)) == (400, True)
    assert marketing.post(page, _rows(stamp, name, {"x": 3})).status_code == 400
    assert marketing.post(page, _rows(stamp, name)).status_code == 302
    saved = branding.template_of(asset.current)
    assert [zone.id for zone in branding.zones_of(saved).zones] == ["stamp", "name"]
    assert marketing.get(picture).content != bare
    assert "name · name · page 1" in _words(marketing.get(page))
    assert marketing.get(picture, {"page": "9"}).status_code == 400


def test_what_the_designer_does_not_ask_for_stays(asset):
    zone = {**CLAIM, "across": "top", "max_length": 40, "colour": "#123456"}
    branding.save_template(version=asset.current, document=document(zone), by=asset.owner, at=timezone.now())
    marketing, page = _marketing(), reverse("branding:zones", args=[asset.public_id])
    forms = marketing.get(page).context["rows"].initial_forms
    fields = {f.html_name: f.value() for form in forms for f in form if f.value() not in (None, False)}

    kept = {"zones-TOTAL_FORMS": "3", "zones-INITIAL_FORMS": "3", "dpi": "150", **fields, "zones-2-x": "12"}
    kept["seen"] = branding.mark_of(asset.current)
    assert marketing.post(page, kept).status_code == 302
    claim = branding.zones_of(branding.template_of(asset.current)).questions[0]
    assert (claim.box[0], claim.across, claim.max_length, claim.colour) == (12, "top", 40, "#123456")


@pytest.mark.parametrize("other", ["zones", "file"])
def test_designer_does_not_undo_what_another_tab_saved(asset, other):
    marketing, page = _marketing(), reverse("branding:zones", args=[asset.public_id])
    seen = marketing.get(page).context["sheet"]["seen"].value()
    if other == "zones":
        branding.save_template(version=asset.current, document=document(), by=asset.owner, at=timezone.now())
    else:
        add_file(asset, master_pdf(pages=2))
    stamp = {"id": "stamp", "kind": "stamp", "x": 130, "y": 280, "width": 70, "height": 14}
    name = {"id": "mine", "kind": "name", "x": 10, "y": 280, "width": 100, "height": 14}
    count = BrandTemplate.objects.count()

    answer = marketing.post(page, {**_rows(stamp, name), "seen": seen})

    assert (answer.status_code, BrandTemplate.objects.count()) == (400, count)
    assert "Somebody saved other zones, or another file" in _words(answer)
    assert 'value="mine"' in _words(answer)


def test_master_that_cannot_be_read_is_told_of(client, manager, asset):
    _brand(manager)
    asset.current.file.storage.delete(asset.current.file.name)
    page = reverse("branding:make", args=[asset.public_id])

    assert client.get(page).status_code == 200
    answer = client.post(page, {"zone_claim": "x", "request_key": str(uuid4())})
    assert (answer.status_code, "cannot be read" in _words(answer)) == (400, True)
    assert "cannot be read" in _words(_marketing().get(reverse("branding:zones", args=[asset.public_id])))


def test_zones_lie_on_no_text_file():
    asset = make_asset(b"Hello")
    asset.current.media_type = "text/plain"
    asset.current.save(update_fields=["media_type"])
    assert _marketing().get(reverse("branding:zones", args=[asset.public_id])).status_code == 404


def test_gallery_shows_templates_to_partners_and_their_share_to_marketing(client, asset):
    make_asset(master_pdf(), title="Bare leaflet")

    partners, marketings = (_words(one.get(reverse("branding:gallery"))) for one in (client, _marketing()))
    assert ("Gateway datasheet" in partners, "Bare leaflet" in partners, "Use" in partners) == (True, False, False)
    assert ("1 of 2 assets that could be (50 %)" in marketings, "Bare leaflet" in marketings) == (True, True)


def test_a_busy_machine_says_when_to_come_back_and_zones_go_over_all_the_same(manager, client, asset, monkeypatch):
    _brand(manager)
    at = timezone.now()
    monkeypatch.setattr(slots, "PATIENCE", 0)
    monkeypatch.setattr(slots, "PLACES", 0)
    response = client.get(reverse("branding:preview", args=[asset.public_id]), {"zone_claim": "Here"})
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    shown = _marketing().get(reverse("branding:zones_preview", args=[asset.public_id]))
    assert (shown.status_code, shown["Retry-After"]) == (503, "10")

    copy = _copy(manager, asset)
    add_version(asset=asset, file=_file(master_pdf(pages=3)), filename="new.pdf", by=asset.owner, at=at)
    drain()
    copy.refresh_from_db()
    assert copy.told_at == at  # who holds a copy hears of the file all the same
    assert branding.template_of(asset.current) is not None  # no page is drawn within a delivery


def test_a_busy_machine_keeps_what_was_typed(manager, client, monkeypatch):
    _brand(manager)
    asset = AssetFactory()
    add_file(asset, saved(Image.new("RGB", (1240, 1754), "white")), media_type="image/png", filename="a.png")
    branding.save_template(version=asset.current, document=document(CLAIM), by=asset.owner, at=timezone.now())
    monkeypatch.setattr(slots, "PATIENCE", 0)
    monkeypatch.setattr(slots, "PLACES", 0)
    made = client.post(reverse("branding:make", args=[asset.public_id]), {"request_key": uuid4(), "zone_claim": "Mine"})
    zones = reverse("branding:zones", args=[asset.public_id])
    stamp = {"id": "stamp", "kind": "stamp", "x": 130, "y": 280, "width": 70, "height": 14}
    name = {"id": "name", "kind": "name", "x": 10, "y": 280, "width": 100, "height": 14}
    placed = _marketing().post(zones, _rows(stamp, name) | {"seen": "1.1"})
    for response in (made, placed):
        assert (response.status_code, response["Retry-After"]) == (503, "10")
        assert "try again in ten seconds" in _words(response)
    assert 'value="Mine"' in _words(made)
    assert not BrandedCopy.objects.exists()


def test_copies_have_so_much_room_of_a_partner(manager, client, asset, settings):
    _brand(manager)
    first = _copy(manager, asset)
    settings.COPY_BYTES_PER_PARTNER = first.size + 10
    data = {"request_key": uuid4(), "zone_claim": "For all"}
    page = _words(client.post(reverse("branding:make", args=[asset.public_id]), data))
    assert "there is room for. Nothing was made." in page
    assert BrandedCopy.objects.get() == first
    settings.COPY_BYTES_PER_PARTNER = first.size
    gone = {"withdrawn_at": timezone.now(), "withdrawn_by": asset.owner, "coming_note": "Another"}
    Asset.objects.filter(pk=asset.pk).update(**gone)
    with pytest.raises(TooManyCopies):  # it may come back
        require_room(first)
    Asset.objects.filter(pk=asset.pk).update(retired_at=timezone.now(), retired_by=asset.owner)
    require_room(first)  # for good: nobody gets its files any more


# --- The API ---


def _api(client, query: str = "") -> list[dict]:
    return client.get(f"/api/v1/copies/{query}").json()["results"]


def test_api_lists_the_partners_copies_with_where_they_stand(manager, client, asset):
    _brand(manager)
    first, second = _copy(manager, asset), _copy(manager, asset)
    rows = _api(client)
    assert [row["id"] for row in rows] == [second.public_id, first.public_id]
    assert client.get(f"/api/v1/copies/{first.public_id}/").json() == rows[1]
    assert (rows[1]["state"], rows[1]["version"], rows[1]["title"]) == ("current", 1, "Gateway datasheet")
    assert (rows[1]["sha256"], rows[1]["valid_until"]) == (first.sha256, f"{first.last_day}")
    assert rows[1]["check_url"] == first.check_url
    assert rows[1]["download_url"] == reverse("branding:download", args=[first.public_id])
    assert _api(client, f"?asset={uuid4()}") == []
    assert len(_api(client, f"?asset={asset.public_id}&partner={manager.partner.public_id}")) == 2
    withdraw_asset(asset=asset, coming_note="Soon", by=asset.owner, at=timezone.now())
    assert {(row["state"], row["download_url"]) for row in _api(client)} == {("withdrawn", None)}


def test_api_shows_copies_to_the_own_partner_and_to_the_vendor_only(manager, asset):
    _brand(manager)
    copy = _copy(manager, asset)
    other = _signed_in(MembershipFactory(role=Membership.Role.MANAGER).person)
    for client, status in ((other, 404), (_marketing(), 200), (Client(), 401)):
        assert client.get(f"/api/v1/copies/{copy.public_id}/").status_code == status
    assert _api(other) == []


def test_api_of_copies_asks_the_same_number_of_queries(manager, client, asset, django_assert_num_queries):
    _brand(manager)
    _copy(manager, asset)
    with CaptureQueriesContext(connection) as caught:
        _api(client)
    for _ in range(2):
        _copy(manager, asset)
    with django_assert_num_queries(len(caught)):
        assert len(_api(client)) == 3
