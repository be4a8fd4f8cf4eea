"""Statements that leave the store for an archive, month by month; and legal holds, which keep them there.

What figures are made of stays, so no rate, record, certificate or tier changes when the rest goes:

- milestones with a registration that a trusted authority tells (what projections and evidence read);
- statements that void, so that what they void is void again when it comes back;
- what another store refused and still waits for a person (dead letters).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from django.db import transaction
from django.db.models import Count, Max, Q
from django.db.models.functions import TruncMonth

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.xapi import archives
from lms.xapi.archives import Line, Manifest, Row
from lms.xapi.drafts import MILESTONE_KEYS, VOIDED_KEY, mentions_of
from lms.xapi.errors import ArchiveRefused
from lms.xapi.models import (
    Attachment,
    Authority,
    DeadLetter,
    ForwardingTarget,
    LegalHold,
    Mention,
    Reference,
    ReferenceMention,
    Statement,
    StatementAttachment,
    StatementQuerySet,
)
from lms.xapi.selection import behind

CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month of which something may go: its first instant, and how many statements."""

    start: datetime
    statements: int

    @property
    def name(self) -> str:
        return f"{self.start:%Y-%m}"

    @property
    def end(self) -> datetime:
        """The first instant of the next month."""
        return self.start.replace(year=self.start.year + self.start.month // 12, month=self.start.month % 12 + 1)


@transaction.atomic
def begin_hold(*, reason: str, at: datetime, by: User | None = None) -> LegalHold:
    """From now on nothing is archived, until every hold has ended. Writes an audit entry."""
    hold = LegalHold.objects.create(reason=reason[:500], begun_at=at, begun_by=by)
    record_audit(action="xapi.begin_hold", actor=by, at=at, target=hold, detail={"reason": hold.reason})
    return hold


@transaction.atomic
def end_hold(*, hold: LegalHold, at: datetime, by: User | None = None) -> LegalHold:
    """Ends a hold; twice changes nothing. Writes an audit entry."""
    if LegalHold.objects.filter(pk=hold.pk, ended_at=None).update(ended_at=at, ended_by=by):
        record_audit(action="xapi.end_hold", actor=by, at=at, target=hold)
    hold.refresh_from_db()
    return hold


def archivable(*, before: datetime, at: datetime) -> list[Month]:
    """The months, oldest first, of which something would go: the dry run of `archive_month`.

    `before` is the first instant of a month. Raises ArchiveRefused when it is not over, when a hold is in force, and
    when another store was not sent all that would go.
    """
    _refuse_when_held()
    if before > at:
        raise ArchiveRefused(f"{before:%B %Y} has not begun: only months that are over can be archived.")
    going = _going().filter(stored_at__lt=before)
    months = going.annotate(month=TruncMonth("stored_at", tzinfo=UTC)).values("month").annotate(number=Count("pk"))
    found = [Month(start=row["month"], statements=row["number"]) for row in months.order_by("month")]
    last: int = going.aggregate(last=Max("pk"))["last"] or 0
    late = ForwardingTarget.objects.filter(sent_through__lt=last).order_by("name").first()
    if late is not None:
        raise ArchiveRefused(
            f"{late.name} was not sent all of it yet: let it catch up, or remove it. Nothing was done."
        )
    return found


def archive_month(
    *, month: Month, folder: Path, at: datetime, by: User | None = None, on_progress: Callable[[int], object]
) -> Manifest:
    """Writes what may go of a month into `folder`, reads it back, and only then deletes it from the store.

    Deleted is exactly what stands in the files, in transactions of 500; so who is stopped in the middle has a whole
    archive, and the next run archives what is left. `on_progress` is told each statement twice: written, and deleted.
    Writes an audit entry with the digests. Raises ArchiveRefused (a hold, also one that begins meanwhile),
    BrokenArchive, OSError.
    """
    _refuse_when_held()
    manifest = _write(month, folder, on_progress)
    archives.verify(folder, manifest)
    archives.write_manifest(folder, manifest)
    detail: dict[str, object] = {"archive": manifest.name, "statements": manifest.statements, **manifest.files}
    record_audit(action="xapi.archive_statements", actor=by, at=at, detail=detail)
    for lines in archives.in_chunks(archives.read_lines(folder, manifest.name), CHUNK):
        _delete(lines)
        on_progress(len(lines))
    _delete_unused(manifest.attachments)
    return manifest


def _refuse_when_held() -> None:
    hold = LegalHold.objects.filter(ended_at=None).order_by("begun_at").first()
    if hold is not None:
        raise ArchiveRefused(f"A legal hold is in force since {hold.begun_at:%d %B %Y}: {hold.reason}. Nothing may go.")


def _going() -> StatementQuerySet:
    needed = Q(authority__is_trusted=True, verb_key__in=MILESTONE_KEYS, registration__isnull=False)
    waiting = DeadLetter.objects.filter(target__isnull=False).values("statement_id")
    return Statement.objects.exclude(needed).exclude(verb_key=VOIDED_KEY).exclude(statement_id__in=waiting)


def _write(month: Month, folder: Path, on_progress: Callable[[int], object]) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    name, attached = archives.free_name(folder, month.name), dict[str, None]()
    authorities = Authority.objects.in_bulk()
    used: set[int] = set()

    def lines() -> Iterator[Line]:
        for page in _pages(month):
            names = _attachments(page)
            for row in page:
                used.add(row.authority_id)
                digests = names.get(row.pk, [])
                attached.update(dict.fromkeys(digests))
                authority = authorities[row.authority_id].name
                known = Row(authority=authority, digest=row.digest, voided_by=row.voided_by, attachments=digests)
                yield Line(row.body, known)
            on_progress(len(page))

    count = archives.write_lines(folder, name, lines())
    for sha2 in attached:
        with Attachment.objects.get(sha2=sha2).file.open("rb") as content:
            archives.keep_attachment(folder, sha2, cast(BinaryIO, content))
    owners = [authorities[pk] for pk in sorted(used)]
    return Manifest(
        name=name,
        month=month.name,
        statements=count,
        files={file: archives.sha256_of(folder / file) for file in archives.files_of(name)},
        attachments=tuple(sorted(attached)),
        authorities={owner.name: {"agent": owner.agent, "is_trusted": owner.is_trusted} for owner in owners},
    )


def _pages(month: Month) -> Iterator[list[Statement]]:
    rows = _going().filter(stored_at__gte=month.start, stored_at__lt=month.end).order_by("stored_at", "pk")
    page = list(rows[:CHUNK])
    while page:
        yield page
        page = list(rows.filter(behind((page[-1].stored_at, page[-1].pk)))[:CHUNK])


def _attachments(page: Sequence[Statement]) -> dict[int, list[str]]:
    uses = StatementAttachment.objects.filter(statement__in=[row.pk for row in page]).select_related("attachment")
    found: dict[int, list[str]] = {}
    for use in uses.order_by("attachment__sha2"):
        found.setdefault(use.statement_id, []).append(use.attachment.sha2)
    return found


@transaction.atomic
def _delete(lines: Sequence[Line]) -> None:
    """The rows of these lines and all that hangs on them. By keys that are indexed: mentions never by statement."""
    _refuse_when_held()
    digests = {json.loads(body)["id"]: row.digest for body, row in lines}
    locked = Statement.objects.select_for_update(of=("self",)).filter(statement_id__in=digests).order_by("statement_id")
    rows = [row for row in locked if digests[str(row.statement_id)] == row.digest]
    keys = [row.pk for row in rows]
    times = sorted(row.stored_at for row in rows)
    mentioned = {key for row in rows for key in mentions_of(json.loads(row.body), row)}
    references = Reference.objects.filter(Q(referrer__in=keys) | Q(target__in=keys))
    ReferenceMention.objects.filter(reference__in=list(references.values_list("pk", flat=True))).delete()
    references.delete()
    StatementAttachment.objects.filter(statement__in=keys).delete()
    if rows:
        window = Mention.objects.filter(key__in=mentioned, stored_at__gte=times[0], stored_at__lte=times[-1])
        window.filter(statement__in=keys)._raw_delete(window.db)
    # Not by delete(): Django would look for mentions of each by statement, for which there is no index.
    doomed = Statement.objects.filter(pk__in=keys)
    doomed._raw_delete(doomed.db)


def _delete_unused(digests: Sequence[str]) -> None:
    """Attachments with which no statement in the store came: the row, and after the commit the file."""
    for sha2 in digests:
        with transaction.atomic():
            unused = Attachment.objects.select_for_update(of=("self",)).filter(sha2=sha2, uses=None).first()
            if unused is not None:
                unused.delete()
                transaction.on_commit(partial(unused.file.storage.delete, str(unused.file)))
