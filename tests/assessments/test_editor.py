"""The test bank editor in the Wagtail admin."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from lms.accounts.models import User
from lms.assessments import formats, services
from lms.assessments.errors import NoSuchFormat
from lms.assessments.forms import editor_for
from lms.assessments.media import addresses_for
from lms.assessments.models import Item, ItemBank, ItemMedia, ItemVersion
from tests.assessments.factories import PICTURE, SENTINEL, add, choice, hotspot, make_bank, one_of_each
from tests.factories import UserFactory


def member_of(name: str) -> User:
    group, _ = Group.objects.get_or_create(name=name)
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    user = UserFactory()
    user.groups.add(group)
    return user


@pytest.fixture
def author(db: None) -> User:
    return member_of("Channel marketing")


@pytest.fixture
def reviewer(db: None) -> User:
    return member_of("Content reviewers")


@pytest.fixture
def admin(client: Client, author: User) -> Client:
    client.force_login(author)
    return client


@pytest.fixture
def bank(db: None, now: datetime) -> ItemBank:
    services.keep_medium(medium=PICTURE, by=None, at=now)
    return services.get_or_create_bank("Sizing")


def posted(editor: Any) -> dict[str, Any]:
    """What the form sends when nothing is changed."""
    data: dict[str, Any] = {}
    for part in (editor.form, editor.rows, editor.unit_rows, editor.more):
        if part is None:
            continue
        forms = [part.management_form, *part.forms] if hasattr(part, "management_form") else [part]
        for form in forms:
            for field in form:
                value = field.value()
                if value is None or value is False or field.widget_type in {"clearablefile", "file"}:
                    continue
                data[field.html_name] = (
                    [getattr(one, "pk", one) for one in value]
                    if isinstance(value, list)
                    else getattr(value, "pk", value)
                )
    return data


@pytest.mark.parametrize("fields", one_of_each(), ids=lambda fields: fields["type"])
def test_saving_an_item_unchanged_changes_nothing(admin: Client, bank: ItemBank, fields: Any) -> None:
    """The form shows all there is: each type goes through it and comes out equal."""
    version = add(bank, fields, code="A", topic="Topic")
    url = reverse("item_editor:edit", args=[version.item_id])
    page = admin.get(url)
    assert page.status_code == 200
    assert admin.post(url, posted(page.context["editor"]))["Location"] == reverse(
        "items:inspect", args=[version.item_id]
    )
    assert ItemVersion.objects.get().digest == version.digest
    assert Item.objects.get().topic == "Topic"


def test_an_item_is_written_reviewed_and_live(
    admin: Client, author: User, reviewer: User, bank: ItemBank, client: Client
) -> None:
    page = admin.post(reverse("item_editor:new"), {"bank": bank.pk, "code": "Q 1", "type": "choice"})
    url = page["Location"]
    data = posted(admin.get(url).context["editor"]) | {
        "code": "Q 1",
        "item-stem": r"What is \(\frac{1}{2}\)?",
        "item-tags": "one, two",
        "item-level": "apply",
        "item-lessons": "https://halden.example/lessons/1 Halves",
        "rows-0-text": "<b>0.5</b>",
        "rows-0-weight": "100",
        "rows-1-text": "2",
        "rows-1-feedback": "No.",
    }
    admin.post(url, data)
    version = ItemVersion.objects.select_related("item").get()
    assert (version.state, version.created_by, version.item.meta.tags) == ("draft", author, ("one", "two"))
    assert "<math" in version.content["stem"]
    assert [lesson.title for lesson in version.item.lessons.all()] == ["Halves"]
    step = reverse("item_editor:step", args=[version.pk])
    admin.post(step, {"step": "ask"})
    page = admin.post(step, {"step": "approve"}, follow=True)
    assert "Somebody else decides" in page.content.decode()
    client.force_login(reviewer)
    assert "Approve: live" in client.get(reverse("items:inspect", args=[version.item_id])).content.decode()
    client.post(step, {"step": "approve", "note": "good"})
    version.refresh_from_db()
    assert (version.state, version.approved_by) == ("live", reviewer)


def test_wrong_entries_are_told_and_nothing_is_saved(admin: Client, bank: ItemBank) -> None:
    version = add(bank, choice(), code="A")
    url = reverse("item_editor:edit", args=[version.item_id])
    data = posted(admin.get(url).context["editor"])
    for change, words in (
        ({"rows-0-weight": "50"}, "No option is right."),
        ({"item-stem": ""}, "This field is required."),
        ({"rows-0-weight": "500"}, "less than or equal to 100"),
        ({"item-lessons": "no address"}, "does not begin with an address"),
    ):
        assert words in admin.post(url, data | change).content.decode()
    assert ItemVersion.objects.count() == 1


def test_rows_are_removed_and_added(admin: Client, bank: ItemBank) -> None:
    version = add(bank, choice(), code="A")
    url = reverse("item_editor:edit", args=[version.item_id])
    data = posted(admin.get(url).context["editor"]) | {"rows-1-remove": "on", "rows-3-text": "New", "add_rows": "1"}
    assert admin.post(url, data)["Location"] == url
    newest = Item.objects.get().newest
    assert newest
    assert [option["text"] for option in newest.content["options"]] == ["Right", "Wrong", "New"]


def test_pictures_are_kept_and_shown_by_a_pass(admin: Client, author: User, bank: ItemBank, client: Client) -> None:
    """UP-09, UP-10: the address is the person's own; the file is inert."""
    version = add(bank, choice(), code="A")
    url = reverse("item_editor:edit", args=[version.item_id])
    data = posted(admin.get(url).context["editor"])
    file = SimpleUploadedFile("evil.html", PICTURE.data)
    admin.post(url, data | {"item-picture": file, "item-picture_alt": "A <map>"})
    newest = Item.objects.get().newest
    assert newest
    assert f'<img src="media:{PICTURE.digest}" alt="A &lt;map&gt;">' in newest.content["stem"]
    address = addresses_for(author.pk)(PICTURE.digest)
    shown = admin.get(address)
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert "sandbox" in shown["Content-Security-Policy"]
    assert b"".join(shown.streaming_content) == PICTURE.data
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    assert client.get(reverse("assessments:media", args=["forged"])).status_code == 404
    refused = {"item-picture": SimpleUploadedFile("x.png", b"<html>"), "item-picture_alt": "x"}
    client.force_login(author)
    assert "no picture" in client.post(url, data | refused).content.decode()
    assert ItemMedia.objects.count() == 1


def test_a_hotspot_gets_its_image_by_upload(admin: Client, bank: ItemBank) -> None:
    url = reverse("item_editor:add", args=[bank.pk, "hotspot"]) + "?code=H"
    data = posted(admin.get(url).context["editor"]) | {
        "code": "H",
        "item-stem": "Where?",
        "more-alt": "A map",
        "more-scoring": "weights",
        "rows-0-coords": "10, 10, 5",
        "rows-0-shape": "circle",
        "rows-0-weight": "100",
        "rows-1-coords": "1,1,9,9",
        "rows-1-shape": "rect",
    }
    assert "Choose an image first." in admin.post(url, data).content.decode()
    admin.post(url, data | {"more-image": SimpleUploadedFile("x", PICTURE.data)})
    image = ItemVersion.objects.get().content["image"]
    assert (image["source"], image["width"], image["height"]) == (f"media:{PICTURE.digest}", 40, 30)


@pytest.mark.parametrize("fields", one_of_each(), ids=lambda fields: fields["type"])
def test_preview_shows_every_type_and_no_key(admin: Client, bank: ItemBank, fields: Any) -> None:
    version = add(bank, fields, code="A")
    words = admin.get(reverse("item_editor:preview", args=[version.pk])).content.decode()
    assert "Preview" in words
    assert SENTINEL not in words


def test_retiring_and_unknown_steps(admin: Client, bank: ItemBank) -> None:
    version = add(bank, choice(), code="A")
    step = reverse("item_editor:step", args=[version.pk])
    for name, state in (("retire", "retired"), ("nonsense", "retired"), ("restore", "live")):
        admin.post(step, {"step": name})
        assert ItemVersion.objects.select_related("item").get().state == state


def test_new_item_with_a_taken_name_or_no_type(admin: Client, bank: ItemBank) -> None:
    add(bank, choice(), code="A")
    page = admin.post(reverse("item_editor:new"), {"bank": bank.pk, "code": "A", "type": "choice"})
    assert "There is an item of this name" in page.content.decode()
    for path in (f"{bank.pk}/choice/?code=A", f"{bank.pk}/nothing/?code=B", f"{bank.pk}/choice/"):
        assert admin.get(reverse("item_editor:new").replace("new/", "add/") + path).status_code == 302
    empty = Item.objects.create(bank=bank, code="empty")
    assert admin.get(reverse("item_editor:edit", args=[empty.pk])).status_code == 302


@pytest.mark.parametrize(
    "query", ["state=live", "state=draft", "state=in_review", "state=pilot", "state=retired", "type=choice"]
)
def test_list_is_filtered(admin: Client, bank: ItemBank, query: str) -> None:
    add(bank, choice(), code="live-one")
    add(bank, one_of_each()[2], code="draft-one", is_live=False)
    words = admin.get(reverse("items:index") + "?" + query).content.decode()
    assert ("live-one" in words) is (query in {"state=live", "type=choice"})
    assert ("draft-one" in words) is (query == "state=draft")


def test_export_tells_first_and_is_fetched_then(admin: Client, bank: ItemBank) -> None:
    add(bank, choice(), code="A")
    add(bank, hotspot(), code="H")
    url = reverse("item_export:index")
    assert admin.get(url).status_code == 200
    page = admin.post(url, {"bank": bank.pk, "format": "gift"}).content.decode()
    assert "GIFT has no question of this type." in page
    file = admin.post(url, {"bank": bank.pk, "format": "gift", "step": "fetch"})
    assert file["Content-Disposition"] == 'attachment; filename="sizing.gift"'
    assert "::A::" in file.content.decode()


def test_pages_refuse_people_without_the_permission(client: Client, reviewer: User, bank: ItemBank) -> None:
    """PRIV-01: reviewers look and decide; they write and take away nothing. Partner people get 404 on all of it."""
    version = add(bank, choice(), code="A")
    pages = [
        reverse("item_editor:new"),
        reverse("item_editor:add", args=[bank.pk, "choice"]) + "?code=N",
        reverse("item_editor:edit", args=[version.item_id]),
        reverse("item_export:index"),
        reverse("item_import:index"),
    ]
    client.force_login(reviewer)
    assert {client.get(page).status_code for page in pages} <= {302, 403}
    client.post(reverse("item_editor:step", args=[version.pk]), {"step": "retire"})
    assert Item.objects.get().retired_at is None
    assert client.get(reverse("item_editor:preview", args=[version.pk])).status_code == 200
    client.force_login(UserFactory())
    for page in [*pages, reverse("item_editor:preview", args=[version.pk])]:
        assert client.get(page).status_code in {302, 404}


def test_editors_exist_for_every_type(bank: ItemBank) -> None:
    for kind in ItemVersion.Type.values:
        assert editor_for(kind, bank=bank, version=None).kind == kind


# --- In and out ---


@pytest.mark.parametrize("name", formats.WRITABLE)
def test_a_bank_goes_out_and_comes_in_equal(bank: ItemBank, now: datetime, name: str) -> None:
    for number, fields in enumerate(one_of_each()):
        add(bank, fields, code=f"item {number}", topic="Topic")
    made = services.export_items(bank=bank, format=name)
    assert made.counts["items"] == 10
    other = make_bank([choice()], slug="other")
    report = services.import_items(bank=other, data=made.data, by=None, at=now)
    assert report.counts["refused"] == 0
    digests = {version.item.code: version.digest for version in bank.items.all().newest_versions()}
    back = {version.item.code: version.digest for version in other.items.all().newest_versions()}
    whole = [row.code for row in made.rows if row.outcome == "exported"]
    assert {code: back[code] for code in whole} == {code: digests[code] for code in whole}
    again = services.import_items(bank=other, data=made.data, by=None, at=now)
    assert (again.counts["new"], again.counts["new_version"]) == (0, 0)


def test_export_of_no_such_format(bank: ItemBank) -> None:
    with pytest.raises(NoSuchFormat):
        services.export_items(bank=bank, format="docx")


def test_export_without_a_medium_says_so(bank: ItemBank) -> None:
    add(bank, hotspot(), code="H")
    ItemMedia.objects.all().delete()
    (row,) = services.export_items(bank=bank, format="qti21").rows
    assert (row.outcome, row.notes) == ("refused", ("The picture of the question is gone.",))


def test_commands_export_and_import(bank: ItemBank, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(bank, choice(), code="A")
    add(bank, hotspot(), code="H")
    out = tmp_path / "x.gift"
    call_command("items", "export", "--bank", "Sizing", "--format", "gift", "--out", str(out))
    assert "H: refused (GIFT has no question of this type.)" in capsys.readouterr().out
    call_command("items", "export", "--bank", "Sizing", "--format", "gift", "--out", str(out), "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"items": 2, "exported": 1, "exported_with_loss": 0, "refused": 1}
    assert report["items"][0] == {"code": "A", "type": "choice", "outcome": "exported", "notes": []}
    call_command("items", "import", str(out), "--bank", "Drafts", "--draft")
    assert ItemVersion.objects.get(item__bank__slug="drafts").state == "draft"
    with pytest.raises(CommandError, match="no bank"):
        call_command("items", "export", "--bank", "Nothing", "--format", "gift", "--out", str(out))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("items", "export", "--bank", "Sizing", "--format", "gift", "--out", str(tmp_path / "no" / "x"))


def test_import_keeps_media_once(bank: ItemBank, now: datetime) -> None:
    add(bank, hotspot(), code="H")
    data = services.export_items(bank=bank, format="qti30").data
    for name in ("one", "two"):
        services.import_items(bank=services.get_or_create_bank(name), data=data, by=None, at=now)
    assert ItemMedia.objects.count() == 1


def test_import_keeps_what_the_file_does_not_tell(bank: ItemBank, now: datetime) -> None:
    version = add(bank, choice(), code="A", topic="Topic")
    services.describe_item(item=version.item, meta=formats.Meta(topic="Topic", tags=("kept",), level="apply"))
    report = services.import_items(bank=bank, data=b"::A::Other?{T}", by=None, at=now)
    assert report.rows[0].change == "new_version"
    assert Item.objects.get().meta == formats.Meta(topic="Topic", tags=("kept",), level="apply")
