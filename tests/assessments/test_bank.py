"""Adding versions, importing files, by service, command and admin page."""

import json
from base64 import b64encode
from datetime import datetime
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from lms.accounts.models import User
from lms.assessments import services
from lms.assessments.items import builders
from lms.assessments.models import Item, ItemBank, ItemVersion
from lms.assessments.services import ImportReport
from lms.common.guards import UnsafeInput
from tests.assessments.factories import ONE, add, choice, make_bank, make_exam, one_of_each
from tests.factories import UserFactory

FILE = b"$CATEGORY: Sizing\n\n::A::Is it?{T}\n\n::B::<img>What?{=yes ~no}\n\n::C::Only words.\n"


@pytest.fixture
def bank(db: None) -> ItemBank:
    return services.get_or_create_bank("Pre-sales Engineer")


def imported(bank: ItemBank, now: datetime, data: bytes = FILE, **kwargs) -> ImportReport:
    return services.import_items(bank=bank, data=data, by=None, at=now, **{"is_live": True, **kwargs})


def test_bank_is_made_once(bank: ItemBank) -> None:
    assert services.get_or_create_bank("  Pre-sales   engineer ") == bank
    assert (bank.slug, str(bank)) == ("pre-sales-engineer", "Pre-sales Engineer")


def test_add_version_twice_adds_one(bank: ItemBank) -> None:
    first = add(bank, choice(1), code="A")
    assert add(bank, choice(1), code="A") == first
    second = add(bank, choice(2), code="A", topic="Other")
    assert (second.number, str(second), second.item.topic) == (2, "A v2", "Other")
    assert ItemVersion.objects.get(pk=first.pk).content == first.content


def test_database_refuses_two_items_of_one_code(bank: ItemBank) -> None:
    add(bank, choice(1), code="A")
    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.create(bank=bank, code="A")


def test_checks_never_come_from_a_bank_of_an_exam(bank: ItemBank) -> None:
    """EXAM-06: a check tells its answer, so an item that an exam may draw is none."""
    add(bank, choice(1), code="A")
    assert Item.objects.for_checks().count() == 1
    make_exam(bank, draw=1)
    assert Item.objects.for_checks().count() == 0


def test_import_reports_every_question(bank: ItemBank, now: datetime) -> None:
    report = imported(bank, now)
    assert [(row.line, row.title, row.outcome, row.change) for row in report.rows] == [
        (3, "A", "imported", "new"),
        (5, "B", "imported_with_loss", "new"),
        (7, "C", "refused", ""),
    ]
    assert report.counts == {
        "questions": 3,
        "imported": 1,
        "imported_with_loss": 1,
        "refused": 1,
        "new": 2,
        "new_version": 0,
        "unchanged": 0,
    }
    assert list(bank.items.order_by("code").values_list("code", "topic")) == [("A", "Sizing"), ("B", "Sizing")]


def test_import_twice_changes_nothing(bank: ItemBank, now: datetime) -> None:
    imported(bank, now)
    again = imported(bank, now)
    assert (again.counts["unchanged"], again.counts["new"], again.counts["new_version"]) == (2, 0, 0)
    assert ItemVersion.objects.count() == 2


def test_import_of_changed_wording_makes_a_version(bank: ItemBank, now: datetime) -> None:
    imported(bank, now)
    report = imported(bank, now, FILE.replace(b"Is it?", b"Is it so?"))
    assert [row.change for row in report.rows] == ["new_version", "unchanged", ""]
    assert bank.items.get(code="A").versions.count() == 2


def test_import_of_a_changed_key_makes_a_version(bank: ItemBank, now: datetime) -> None:
    imported(bank, now)
    assert imported(bank, now, FILE.replace(b"{T}", b"{F}")).counts["new_version"] == 1


def test_dry_run_writes_nothing(bank: ItemBank, now: datetime) -> None:
    report = imported(bank, now, dry_run=True)
    assert (report.is_dry_run, report.counts["new"], Item.objects.count()) == (True, 2, 0)
    assert imported(ItemBank(name="Not yet"), now, dry_run=True).counts["new"] == 2


def test_import_refuses_what_is_no_text(bank: ItemBank, now: datetime) -> None:
    with pytest.raises(UnsafeInput):
        imported(bank, now, b"PK\x00\x01")


def test_command_imports_and_reports(db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sizing.gift"
    path.write_bytes(FILE)
    call_command("items", "import", str(path), "--dry-run")
    assert "would be read into “sizing”" in capsys.readouterr().out
    assert not ItemBank.objects.exists()
    call_command("items", "import", str(path), "--bank", "My bank", "--json")
    report = json.loads(capsys.readouterr().out)
    assert (report["bank"], report["format"], report["encoding"]) == ("My bank", "GIFT", "UTF-8")
    assert report["counts"]["imported"] == 1
    assert report["items"][2] == {
        "line": 7,
        "title": "C",
        "code": "",
        "type": "",
        "outcome": "refused",
        "change": "",
        "notes": ["This is a description: it asks nothing, so it is no item."],
        "source": "",
    }
    call_command("items", "import", str(path), "--bank", "My bank", "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out)["counts"]["unchanged"] == 2
    call_command("items", "import", str(path), "--bank", "My bank")
    out = capsys.readouterr().out
    assert "line 3: A: imported, unchanged" in out
    assert "line 5: B: imported with loss, unchanged (a picture without an address was removed)" in out


def test_command_says_what_is_wrong(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("items", "import", str(tmp_path / "nothing.gift"))
    (tmp_path / "binary.gift").write_bytes(b"\x00")
    with pytest.raises(CommandError, match="NUL"):
        call_command("items", "import", str(tmp_path / "binary.gift"))


@pytest.fixture
def author(db: None) -> User:
    from django.contrib.auth.models import Group, Permission

    group, _ = Group.objects.get_or_create(name="Channel marketing")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    user = UserFactory()
    user.groups.add(group)
    return user


@pytest.fixture
def admin(client: Client, author: User) -> Client:
    client.force_login(author)
    return client


IMPORT = "item_import:index"


def test_admin_import_previews_then_imports(admin: Client, author: User, bank: ItemBank) -> None:
    url = reverse(IMPORT)
    assert admin.get(url).status_code == 200
    file = SimpleUploadedFile("x.gift", FILE)
    page = admin.post(url, {"bank": bank.pk, "new_bank": "", "file": file})
    assert "Nothing is imported yet" in page.content.decode()
    assert "Import 2 questions" in page.content.decode()
    assert not Item.objects.exists()
    carried = {"step": "confirm", "bank": bank.pk, "new_bank": "", "carried": page.context["carried"]}
    assert "What was imported" in admin.post(url, carried).content.decode()
    assert bank.items.count() == 2
    assert ItemVersion.objects.filter(created_by=author).count() == 2
    admin.post(url, carried)
    assert ItemVersion.objects.count() == 2


def test_admin_import_makes_a_bank_only_when_confirmed(admin: Client) -> None:
    url = reverse(IMPORT)
    admin.post(url, {"new_bank": "Fresh", "file": SimpleUploadedFile("x.gift", FILE)})
    assert not ItemBank.objects.exists()
    admin.post(url, {"step": "confirm", "new_bank": "Fresh", "carried": b64encode(FILE).decode()})
    assert ItemBank.objects.get().items.count() == 2


def test_admin_import_says_what_is_wrong(admin: Client, bank: ItemBank) -> None:
    url = reverse(IMPORT)
    for data, words in (
        ({"file": SimpleUploadedFile("x.gift", FILE)}, "Choose a bank, or name the new one."),
        ({"bank": bank.pk}, "This field is required."),
        ({"bank": bank.pk, "file": SimpleUploadedFile("x.gift", b"a\x00")}, "NUL"),
        ({"bank": bank.pk, "file": SimpleUploadedFile("x.gift", b"x" * 20_000_001)}, "larger than 20 MB"),
    ):
        assert words in admin.post(url, data).content.decode()
    assert not Item.objects.exists()


def test_admin_import_survives_a_spoilt_carried_file(admin: Client, bank: ItemBank) -> None:
    page = admin.post(reverse(IMPORT), {"step": "confirm", "bank": bank.pk, "carried": "%%%"})
    assert page.status_code == 200
    assert not Item.objects.exists()


def test_admin_lists_and_inspects(admin: Client, bank: ItemBank) -> None:
    for number, fields in enumerate(one_of_each()):
        add(bank, fields, code=f"item-{number}")
    exam = make_exam(bank, draw=1)
    for name, args in (
        ("exams:index", []),
        ("exams:inspect", [exam.pk]),
        ("item_banks:index", []),
        ("item_banks:inspect", [bank.pk]),
        ("items:index", []),
        *[("items:inspect", [item.pk]) for item in bank.items.all()],
    ):
        assert admin.get(reverse(name, args=args)).status_code == 200, name
    assert (
        admin.get(reverse("items:inspect", args=[Item.objects.create(bank=bank, code="empty").pk])).status_code == 200
    )


def test_admin_shows_patterns_as_text(admin: Client, bank: ItemBank) -> None:
    """XSS-01: a pattern is plain text, also where its item is shown as HTML."""
    evil = "<script>alert(1)</script>"
    version = add(bank, builders.short_answer("S", [(evil, ONE, evil)], general=evil), code=evil)
    words = admin.get(reverse("items:inspect", args=[version.item.pk])).content.decode()
    assert evil not in words
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in words


def test_admin_items_change_only_by_versions(client: Client, db: None) -> None:
    """PRIV-05: not even a superuser edits or deletes an item, or deletes an exam."""
    client.force_login(User.objects.create_superuser("root@halden.example", name="Root"))
    bank = make_bank()
    exam, item = make_exam(bank), bank.items.first()
    for name, args in (
        ("items:edit", [item.pk]),
        ("items:delete", [item.pk]),
        ("items:add", []),
        ("item_banks:delete", [bank.pk]),
    ):
        assert client.post(reverse(name, args=args)).status_code in {302, 403, 404}, name
    with pytest.raises(NoReverseMatch):
        reverse("exams:delete", args=[exam.pk])
    assert (bank.items.count(), ItemBank.objects.count()) == (4, 1)


def test_admin_list_of_items_takes_constant_queries(admin: Client, bank: ItemBank, django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number in (1, 3):
        for index in range(number):
            add(bank, choice(index), code=f"{number}-{index}")
        admin.get(reverse("items:index"))
        with CaptureQueriesContext(connection) as queries:
            admin.get(reverse("items:index"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_admin_refuses_people_without_the_permission(client: Client, browser: Client, bank: ItemBank) -> None:
    """PRIV-01: a partner's people see nothing of banks and items."""
    for name in (IMPORT, "items:index", "item_banks:index", "exams:index"):
        assert browser.get(reverse(name)).status_code in {302, 403, 404}
    from django.contrib.auth.models import Group, Permission

    reviewer = UserFactory()
    group, _ = Group.objects.get_or_create(name="Content reviewers")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    reviewer.groups.add(group)
    client.force_login(reviewer)
    for name in (IMPORT, "items:index"):
        page = client.post(reverse(name), {"step": "confirm", "bank": bank.pk, "carried": b64encode(FILE).decode()})
        assert page.status_code in {302, 403, 405}
    assert not Item.objects.exists()
