"""Items and their versions: added one by one, or imported from a file."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from lms.accounts.models import User
from lms.assessments import importers, items
from lms.assessments.models import Item, ItemBank, ItemVersion


@dataclass(frozen=True, kw_only=True)
class ImportRow:
    """What became of one question of a file.

    `outcome`: imported, imported_with_loss (see `notes`) or refused (see `notes`). `change`: new, new_version,
    unchanged, or empty when refused; in a dry run, what it would be.
    """

    line: int
    title: str
    code: str
    type: str
    outcome: str
    change: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import did or, in a dry run, would do: a row per question, in the file's order."""

    bank: str
    format: str
    encoding: str
    is_dry_run: bool
    rows: tuple[ImportRow, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many questions had each outcome and each change."""
        found = Counter(row.outcome for row in self.rows) + Counter(row.change for row in self.rows if row.change)
        names = ("imported", "imported_with_loss", "refused", "new", "new_version", "unchanged")
        return {"questions": len(self.rows), **{name: found[name] for name in names}}


def get_or_create_bank(name: str) -> ItemBank:
    """The bank of that name, made when there is none."""
    name = " ".join(name.split())[:150]
    bank, _ = ItemBank.objects.get_or_create(slug=slugify(name)[:100] or "bank", defaults={"name": name})
    return bank


@transaction.atomic
def add_item_version(
    *,
    bank: ItemBank,
    code: str,
    topic: str,
    type: str,  # noqa: A002
    content: Any,
    key: Any,
    by: User | None,
    at: datetime,
) -> ItemVersion:
    """Adds an item, or a new version to the item of that code; the same wording again adds nothing.

    Returns the newest version. HTML is cleaned. Raises ItemInvalid when content and key do not make an item of the
    type. Locks the item, so that parallel edits get different numbers. Versions that attempts showed stay as they are.
    """
    content, key = items.validated(type, content, key)
    digest = items.digest(type, content, key)
    item, _ = Item.objects.get_or_create(bank=bank, code=code, defaults={"topic": topic})
    item = Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if item.topic != topic:
        item.topic = topic
        item.save(update_fields=["topic"])
    newest = item.versions.order_by("-number").first()
    if newest is not None and newest.digest == digest:
        return newest
    return ItemVersion.objects.create(
        item=item,
        number=newest.number + 1 if newest else 1,
        type=type,
        content=content,
        key=key,
        digest=digest,
        created_at=at,
        created_by=by,
    )


def retire_item(*, item: Item, at: datetime) -> bool:
    """Takes an item out of future draws; attempts that show it keep it. Returns False when it was retired already."""
    return Item.objects.live().filter(pk=item.pk).update(retired_at=at) == 1


@transaction.atomic
def import_items(*, bank: ItemBank, data: bytes, by: User | None, at: datetime, dry_run: bool = False) -> ImportReport:
    """Reads a GIFT file into a bank and reports on every question. A dry run writes nothing: `bank` may be unsaved.

    Importing the same file again changes nothing: an item is found by its code, and only other wording, weights or
    feedback make a new version. A broken question costs no other. Raises UnsafeInput for what is no text file.
    """
    text, encoding = importers.decode(data)
    known = _newest_digests(bank)
    rows = []
    for read in importers.read_gift(text):
        rows.append(_row(read, known))
        if read.fields and rows[-1].change != "unchanged" and not dry_run:
            add_item_version(bank=bank, code=read.code, topic=read.topic, by=by, at=at, **read.fields)
    return ImportReport(bank=bank.name, format="GIFT", encoding=encoding, is_dry_run=dry_run, rows=tuple(rows))


def _newest_digests(bank: ItemBank) -> dict[str, tuple[str, str]]:
    """Topic and digest of the newest version by item code."""
    if bank._state.adding:
        return {}
    versions = ItemVersion.objects.filter(item__bank=bank).order_by("number")
    return {
        code: (topic, digest) for code, topic, digest in versions.values_list("item__code", "item__topic", "digest")
    }


def _row(read: importers.ReadItem, known: Mapping[str, tuple[str, str]]) -> ImportRow:
    if read.fields is None:
        return ImportRow(
            line=read.line, title=read.title, code="", type="", outcome="refused", change="", notes=(read.reason,)
        )
    change = "new"
    if read.code in known:
        is_same = known[read.code] == (read.topic, read.digest)
        change = "unchanged" if is_same else "new_version"
    return ImportRow(
        line=read.line,
        title=read.title,
        code=read.code,
        type=read.fields["type"],
        outcome="imported_with_loss" if read.notes else "imported",
        change=change,
        notes=read.notes,
    )
