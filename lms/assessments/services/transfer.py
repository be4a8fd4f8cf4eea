"""Banks in and out: question files imported and exported, with a report for every item."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import transaction

from lms.accounts.models import User
from lms.assessments import formats
from lms.assessments.errors import NoSuchFormat
from lms.assessments.models import Item, ItemBank, ItemVersion
from lms.assessments.services.bank import add_item_version
from lms.assessments.services.media import keep_medium, load_medium


@dataclass(frozen=True, kw_only=True)
class ImportRow:
    """What became of one question of a file.

    `outcome`: imported, imported_with_loss (see `notes`) or refused (see `notes`). `change`: new, new_version,
    unchanged, or empty when refused; in a dry run, what it would be. `source` is the file in a package.
    """

    line: int
    title: str
    code: str
    type: str
    outcome: str
    change: str
    notes: tuple[str, ...]
    source: str = ""


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


@transaction.atomic
def import_items(
    *, bank: ItemBank, data: bytes, by: User | None, at: datetime, dry_run: bool = False, is_live: bool = False
) -> ImportReport:
    """Reads a question file into a bank and reports on every question. A dry run writes nothing: `bank` may be unsaved.

    The format is found by content. Importing the same file again changes nothing: an item is found by its code, and
    only other wording, weights or feedback make a new version. Topic, tags, objective and level are taken where the
    file tells them. Media are kept by their digest. A broken question costs no other. What is
    imported are drafts to be reviewed; `is_live` as in add_item_version. Raises UnsafeInput for a hostile file and for
    one of no known format.
    """
    source = formats.Source(data)
    form = formats.detect(source)
    reads = formats.read_items(source, form)
    rows = import_reads(reads, bank=bank, by=by, at=at, dry_run=dry_run, is_live=is_live)
    return ImportReport(
        bank=bank.name, format=form.label, encoding=source.encoding, is_dry_run=dry_run, rows=tuple(rows)
    )


def import_reads(
    reads: Iterable[formats.ReadItem],
    *,
    bank: ItemBank,
    by: User | None,
    at: datetime,
    dry_run: bool,
    is_live: bool = False,
) -> list[ImportRow]:
    """What import_items does with the questions of a file, for some of them. Call it in a transaction."""
    known = _known(bank)
    rows = []
    for read in reads:
        row = _row(read, known)
        rows.append(row)
        if read.fields and row.change != "unchanged" and not dry_run:
            for medium in read.media.values():
                keep_medium(medium=medium, by=by, at=at)
            meta = _merged(read.meta, known[read.code][0] if read.code in known else formats.NO_META)
            add_item_version(bank=bank, code=read.code, meta=meta, by=by, at=at, is_live=is_live, **read.fields)
    return rows


def _merged(told: formats.Meta, known: formats.Meta) -> formats.Meta:
    """What the file tells, and for the rest what was known."""
    return formats.Meta(
        topic=told.topic or known.topic,
        tags=told.tags or known.tags,
        objective=told.objective or known.objective,
        level=told.level or known.level,
    )


def _known(bank: ItemBank) -> dict[str, tuple[formats.Meta, str]]:
    """What is said about each item, and the digest of its newest version, by code. Two queries."""
    if bank._state.adding:
        return {}
    digests = dict(ItemVersion.objects.filter(item__bank=bank).order_by("number").values_list("item__code", "digest"))
    items = Item.objects.filter(bank=bank).prefetch_related("tags")
    return {item.code: (item.meta, digests.get(item.code, "")) for item in items}


def _row(read: formats.ReadItem, known: Mapping[str, tuple[formats.Meta, str]]) -> ImportRow:
    if read.fields is None:
        return ImportRow(
            line=read.line,
            title=read.title,
            code="",
            type="",
            outcome="refused",
            change="",
            notes=(read.reason,),
            source=read.source,
        )
    change = "new"
    if read.code in known:
        meta, digest = known[read.code]
        is_same = (meta, digest) == (_merged(read.meta, meta), read.digest)
        change = "unchanged" if is_same else "new_version"
    return ImportRow(
        line=read.line,
        title=read.title,
        code=read.code,
        type=read.fields["type"],
        outcome="imported_with_loss" if read.notes else "imported",
        change=change,
        notes=read.notes,
        source=read.source,
    )


@dataclass(frozen=True, kw_only=True)
class Export:
    """A written file and what became of each item. `rows`: code, type, outcome and notes."""

    bank: str
    format: str
    data: bytes
    filename: str
    content_type: str
    rows: tuple[formats.Told, ...]

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(row.outcome for row in self.rows)
        names = ("exported", "exported_with_loss", "refused")
        return {"items": len(self.rows), **{name: found[name] for name in names}}


def export_items(*, bank: ItemBank, format: str) -> Export:  # noqa: A002
    """The newest versions of a bank's items that are not retired, as a file with keys and feedback: for authors only.

    Raises NoSuchFormat. Three queries and one for each medium.
    """
    form = formats.WRITABLE.get(format)
    if form is None:
        raise NoSuchFormat(f"There is no format “{format[:40]}”. There are: {', '.join(sorted(formats.WRITABLE))}.")
    medium = cache(load_medium)
    versions = Item.objects.filter(bank=bank, retired_at=None).newest_versions()
    rows = versions.select_related("item").prefetch_related("item__tags").order_by("item__pk")
    outgoing = [
        formats.Outgoing(
            code=version.item.code,
            meta=version.item.meta,
            type=version.type,
            content=version.loaded_content,
            key=version.loaded_key,
            medium=medium,
        )
        for version in rows
    ]
    data, told = form.write(outgoing)
    return Export(
        bank=bank.name,
        format=form.label,
        data=data,
        filename=f"{bank.slug}.{form.extension}",
        content_type=form.content_type,
        rows=tuple(told),
    )
