"""Large question files: looked at and imported in the background, batch by batch."""

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.assessments import import_views, services
from lms.assessments.models import ImportBatch, Item, ItemBank, ItemImport
from lms.assessments.services import importing
from tests.assessments.factories import make_bank
from tests.assessments.test_editor import member_of

pytestmark = pytest.mark.django_db
FILE = b"\n\n".join(b"::Q %d::Is it %d?{T}" % (number, number) for number in range(5)) + b"\n\n::Bad::What?{=}\n"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large, and a batch, are small here."""
    monkeypatch.setattr(import_views, "MAX_AT_ONCE", 50)
    monkeypatch.setattr(importing, "BATCH", 2)


@pytest.fixture
def author() -> User:
    return member_of("Channel marketing")


@pytest.fixture
def admin(client: Client, author: User) -> Client:
    client.force_login(author)
    return client


def ask(author: User, bank: ItemBank | None = None, data: bytes = FILE) -> ItemImport:
    return services.ask_import(
        bank=bank, bank_name="New bank", data=data, name="questions.gift", by=author, at=timezone.now()
    )


def go_on(job: ItemImport, start: int, *, is_dry_run: bool = True) -> bool:
    return services.continue_import(import_id=job.public_id, start=start, is_dry_run=is_dry_run, at=timezone.now())


def test_a_large_file_is_looked_at_and_then_imported(admin: Client, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sent = admin.post(
            reverse("item_import:index"), {"new_bank": "New bank", "file": SimpleUploadedFile("q.gift", FILE)}
        )
    job = ItemImport.objects.get()
    assert sent["Location"] == reverse("item_import:job", args=[job.public_id])
    page = admin.get(sent["Location"])
    text = page.content.decode()
    assert "Nothing is imported yet" in text
    assert "Import 5 questions" in text
    assert "1 refused" in " ".join(text.split())
    assert "Refresh" not in page
    assert not ItemBank.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(sent["Location"])
        admin.post(sent["Location"])  # two clicks
    job.refresh_from_db()
    assert (job.done, job.total, job.is_running, job.problem) == (6, 6, False, "")
    assert list(Item.objects.order_by("code").values_list("code", flat=True)) == [f"Q {n}" for n in range(5)]
    assert "What was imported" in admin.get(sent["Location"]).content.decode()
    assert not default_storage.exists(job.file.name)
    assert "q.gift" in admin.get(reverse("item_import:index")).content.decode()


def test_progress_is_seen_while_it_runs(admin: Client, author: User) -> None:
    job = ask(author)
    assert go_on(job, 0)
    page = admin.get(reverse("item_import:job", args=[job.public_id]))
    assert "2 questions so far" in page.content.decode()
    assert page["Refresh"] == "3"
    for start in (2, 4, 6):
        go_on(job, start)
    services.confirm_import(item_import=ItemImport.objects.get(), at=timezone.now())
    go_on(job, 0, is_dry_run=False)
    assert "2 of 6 questions" in admin.get(reverse("item_import:job", args=[job.public_id])).content.decode()


def test_a_batch_that_is_delivered_twice_is_done_once(author: User) -> None:
    job = ask(author, make_bank())
    assert go_on(job, 0) is True
    assert go_on(job, 0) is False
    assert go_on(job, 0, is_dry_run=False) is False
    assert list(ImportBatch.objects.values_list("start", flat=True)) == [0]
    assert services.confirm_import(item_import=job, at=timezone.now()) is False


def test_a_file_that_cannot_be_read_says_why(
    admin: Client, author: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = ask(author, data=b"<?xml version='1.0'?><quiz><question></quiz>" + b" " * 60)
    job.refresh_from_db()
    assert job.problem
    assert not job.is_running
    assert "cannot be read" in admin.get(reverse("item_import:job", args=[job.public_id])).content.decode()
    assert go_on(job, 0) is False
    assert not default_storage.exists(job.file.name)


def test_only_who_sent_a_file_sees_it(client: Client, author: User) -> None:
    job = ask(author)
    address = reverse("item_import:job", args=[job.public_id])
    client.force_login(member_of("Channel marketing"))
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 404
    client.force_login(member_of("Content reviewers"))
    assert client.get(address).status_code in {302, 403}


def test_the_database_keeps_the_order_of_steps(author: User) -> None:
    job = ask(author)
    for change in ({"confirmed_at": timezone.now()}, {"finished_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ItemImport.objects.filter(pk=job.pk).update(**change)
