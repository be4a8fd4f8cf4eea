"""Bringing an archive back: the same texts, times, authorities and voidings as before."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from django.core.files import File
from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.events.services import emit
from lms.xapi import archives
from lms.xapi.agents import actor_key, verb_key
from lms.xapi.archives import Line, Manifest
from lms.xapi.drafts import MILESTONE_KEYS, Draft, mentions_of, object_key
from lms.xapi.events import MilestonesStored
from lms.xapi.models import Authority, Statement
from lms.xapi.multipart import Slice, Upload
from lms.xapi.services.attachments import store_attachments
from lms.xapi.services.inserting import insert
from lms.xapi.services.referencing import link_references, pointing_at
from lms.xapi.timestamps import parse_timestamp

CHUNK = 500


@dataclass(kw_only=True)
class Restored:
    """How many came back, how many were there, and how many not, because something else has their id now."""

    stored: int = 0
    known: int = 0
    refused: int = 0


def restore_archive(
    *, manifest: Manifest, folder: Path, at: datetime, by: User | None = None, on_progress: Callable[[int], object]
) -> Restored:
    """Puts the statements of an archive back, after its files were verified. Again changes nothing.

    Text, stored time, authority, digest and voiding are as they were; an authority that is missing is made, without
    trust. Forwarding sends them again, which changes nothing at the other end. Writes an audit entry. Emits
    MilestonesStored for what figures may be made of. Raises BrokenArchive, OSError.
    """
    archives.verify(folder, manifest)
    authorities = {name: _authority(name, known) for name, known in manifest.authorities.items()}
    restored = Restored()
    for lines in archives.in_chunks(archives.read_lines(folder, manifest.name), CHUNK):
        with transaction.atomic():
            _restore(lines, authorities, folder, at, restored)
        on_progress(len(lines))
    detail: dict[str, object] = {"archive": manifest.name, "statements": restored.stored, **manifest.files}
    record_audit(action="xapi.restore_statements", actor=by, at=at, detail=detail)
    return restored


def _authority(name: str, known: Mapping[str, Any]) -> Authority:
    return Authority.objects.get_or_create(name=name, defaults={"agent": known["agent"]})[0]


def _restore(
    lines: Sequence[Line], authorities: Mapping[str, Authority], folder: Path, at: datetime, restored: Restored
) -> None:
    drafts = {item.statement_id: (item, line) for line in lines for item in (_draft(line),)}
    stored = Statement.objects.filter(statement_id__in=drafts)
    for statement_id, digest in stored.values_list("statement_id", "digest"):
        item, _ = drafts.pop(statement_id)
        if item.digest == digest:
            restored.known += 1
        else:
            restored.refused += 1
    for name, authority in sorted(authorities.items()):
        own = [item for item, line in drafts.values() if line.row.authority == name]
        new = insert(sorted(own, key=attrgetter("statement_id")), authority)
        Statement.objects.bulk_update(
            [Statement(pk=item.pk, voided_by=item.voided_by) for item in new if item.voided_by], ["voided_by"]
        )
        link_references(new, pointing_at(new))
        counted = {item.registration for item in new if authority.is_trusted and item.verb_key in MILESTONE_KEYS}
        if registrations := sorted(registration for registration in counted if registration):
            emit(MilestonesStored(at=at, registrations=tuple(registrations)))
    restored.stored += len(drafts)
    for item, line in drafts.values():
        _attach(item.statement_id, line, folder, at)


def _draft(line: Line) -> Draft:
    """The row that the statement was. Keys are made of the text, as they were then."""
    body = json.loads(line.body)
    registration = body.get("context", {}).get("registration")
    item = Draft(
        statement_id=UUID(body["id"]),
        stored_at=parse_timestamp(body["stored"]),
        happened_at=parse_timestamp(body["timestamp"]),
        actor_key=actor_key(body["actor"]),
        verb_key=verb_key(body["verb"]["id"]),
        object_key=object_key(body["object"]),
        registration=UUID(registration) if registration else None,
        digest=line.row.digest,
        body=line.body,
        has_own_id=True,
        is_reference=body["object"].get("objectType") == "StatementRef",
        voided_by=line.row.voided_by,
    )
    item.mentions = mentions_of(body, item)
    return item


def _attach(statement_id: UUID, line: Line, folder: Path, at: datetime) -> None:
    with ExitStack() as files:
        uploads = {}
        for sha2 in line.row.attachments:
            content = File(files.enter_context((folder / "attachments" / sha2).open("rb")))
            uploads[sha2] = Upload(sha2=sha2, content=cast(Slice, content))  # read and measured like one
        store_attachments([statement_id], [json.loads(line.body)], uploads, at=at)
