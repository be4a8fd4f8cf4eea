"""Large question files in the background: a batch of questions in each transaction, as messages of the outbox.

A file is read anew for each batch, up to where the batch ends: nothing is kept in memory between them, and a worker
that dies costs one batch, which is done again.
"""

import logging
from dataclasses import asdict
from datetime import datetime
from functools import partial
from itertools import islice
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction

from lms.accounts.models import User
from lms.assessments import formats
from lms.assessments.events import ItemImportDue
from lms.assessments.models import ImportBatch, ItemBank, ItemImport
from lms.assessments.services.bank import get_or_create_bank
from lms.assessments.services.transfer import ImportReport, ImportRow, import_reads
from lms.common.errors import DomainError
from lms.common.guards import clean_name
from lms.events.services import emit

BATCH = 200

logger = logging.getLogger("laurel.assessments")


@transaction.atomic
def ask_import(*, bank: ItemBank | None, bank_name: str, data: bytes, name: str, by: User, at: datetime) -> ItemImport:
    """Keeps a file and asks for it to be looked at. Nothing of it is read here. Emits ItemImportDue."""
    made = ItemImport(
        bank=bank, bank_name=bank_name, name=clean_name(name)[:150] or "questions", asked_by=by, asked_at=at
    )
    made.file.save(str(made.public_id), ContentFile(data), save=False)
    made.save()
    emit(ItemImportDue(at=at, import_id=made.public_id, start=0, is_dry_run=True))
    return made


@transaction.atomic
def confirm_import(*, item_import: ItemImport, at: datetime) -> bool:
    """Has a file that was looked at imported; a repeat does nothing and returns False. Emits ItemImportDue."""
    waiting = ItemImport.objects.filter(pk=item_import.pk, confirmed_at=None, finished_at=None, looked_at__isnull=False)
    if waiting.update(confirmed_at=at, done=0) != 1:
        return False
    if item_import.bank is None:
        item_import.bank = get_or_create_bank(item_import.bank_name)
        item_import.save(update_fields=["bank"])
    emit(ItemImportDue(at=at, import_id=item_import.public_id, start=0, is_dry_run=False))
    return True


@transaction.atomic
def continue_import(*, import_id: UUID, start: int, is_dry_run: bool, at: datetime) -> bool:
    """Does the next batch and asks for the one after it. Locks the import; a repeat does nothing and returns False.

    A file that cannot be read ends the import with its reason: what was imported before stays.
    """
    job = ItemImport.objects.select_for_update(of=("self",)).filter(public_id=import_id).first()
    if job is None or not job.is_running or (job.done, job.is_dry_run) != (start, is_dry_run):
        return False
    try:
        with transaction.atomic():
            rows = _batch(job, start, at)
    except DomainError as error:
        job.problem, job.finished_at = error.message, at
        _forget_file(job)
    except Exception:
        logger.exception("import %s was given up", job.public_id)
        job.problem, job.finished_at = "The file could not be worked on. What was imported before stays.", at
        _forget_file(job)
    else:
        _keep(job, rows, at)
    job.save(update_fields=["problem", "finished_at", "looked_at", "done", "total", "format"])
    return True


def _batch(job: ItemImport, start: int, at: datetime) -> list[ImportRow]:
    with job.file.open("rb") as file:
        source = formats.Source(file.read())
    form = formats.detect(source)
    job.format = form.label
    reads = islice(formats.read_items(source, form), start, start + BATCH)
    bank = job.bank or ItemBank(name=job.bank_name)
    return import_reads(reads, bank=bank, by=job.asked_by, at=at, dry_run=job.is_dry_run)


def _keep(job: ItemImport, rows: list[ImportRow], at: datetime) -> None:
    """Writes down what became of a batch, and what comes next."""
    if rows:
        told = [asdict(row) for row in rows]
        ImportBatch.objects.create(item_import=job, is_dry_run=job.is_dry_run, start=job.done, rows=told)
    job.done += len(rows)
    if len(rows) == BATCH:
        emit(ItemImportDue(at=at, import_id=job.public_id, start=job.done, is_dry_run=job.is_dry_run))
    elif job.is_dry_run:
        job.looked_at, job.total = at, job.done
    else:
        job.finished_at = at
        _forget_file(job)


def _forget_file(job: ItemImport) -> None:
    transaction.on_commit(partial(job.file.delete, save=False))


def report_of(job: ItemImport) -> ImportReport:
    """What is known of the present step so far. One query."""
    batches = ImportBatch.objects.filter(item_import=job, is_dry_run=job.is_dry_run).order_by("start")
    rows = tuple(ImportRow(**{**row, "notes": tuple(row["notes"])}) for batch in batches for row in batch.rows)
    return ImportReport(
        bank=str(job.bank or job.bank_name), format=job.format, encoding="", is_dry_run=job.is_dry_run, rows=rows
    )
