"""Attachments: what statements say of them and what came with them must agree; the bytes are kept privately."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import IO, Any, cast
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage

from lms.xapi import signatures
from lms.xapi.errors import InvalidAttachment, InvalidStatement
from lms.xapi.models import Attachment, Statement, StatementAttachment
from lms.xapi.multipart import Upload

_FOLDER = "xapi/attachments"


def check_attachments(statements: Sequence[Mapping[str, Any]], uploads: Mapping[str, Upload]) -> None:
    """Each attachment has its data here or a fileUrl, each part belongs to a statement, and each signature holds.

    Raises InvalidStatement, InvalidAttachment.
    """
    used: set[str] = set()
    for number, statement in enumerate(statements):
        at = f"/{number}" if len(statements) > 1 else ""
        for pointer, attachment in attachments_of(statement, at):
            upload = uploads.get(attachment["sha2"].lower())
            if upload is not None:
                used.add(upload.sha2)
            elif "fileUrl" not in attachment:
                raise InvalidStatement(pointer, "has no fileUrl, and no data for it was sent.")
            if signatures.is_signature(attachment):
                _check_signed(statement, attachment, upload, pointer)
    if unknown := set(uploads) - used:
        raise InvalidAttachment(f"No statement has an attachment with the SHA-2 {min(unknown)[:64]}, which was sent.")


def _check_signed(
    statement: Mapping[str, Any], attachment: Mapping[str, Any], upload: Upload | None, pointer: str
) -> None:
    if attachment["contentType"] != signatures.CONTENT_TYPE:
        raise InvalidStatement(f"{pointer}/contentType", f"of a signature must be {signatures.CONTENT_TYPE}.")
    if upload is None:
        raise InvalidStatement(pointer, "is a signature, and its data was not sent.")
    if upload.content.size > signatures.MAX_SIGNATURE_BYTES:
        raise InvalidStatement(pointer, "is too long for a signature.")
    upload.content.seek(0)
    signatures.check_signature(upload.content.read(), statement)


def attachments_of(statement: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The attachments of a statement and its sub-statement, each with its JSON pointer."""
    for number, attachment in enumerate(statement.get("attachments", ())):
        yield f"{at}/attachments/{number}", attachment
    if statement["object"].get("objectType") == "SubStatement":
        yield from attachments_of(statement["object"], f"{at}/object")


def store_attachments(
    ids: Sequence[UUID], statements: Sequence[Mapping[str, Any]], uploads: Mapping[str, Upload], *, at: datetime
) -> None:
    """Keeps the uploads and notes which statements came with them. Call it in the transaction that stored these.

    Bytes that are kept already are not kept twice. Files of a failed transaction are deleted again, as far as possible.
    """
    if not uploads:
        return
    kept = _keep(uploads, at)
    keys = dict(Statement.objects.filter(statement_id__in=ids).values_list("statement_id", "pk"))
    pairs = {
        (keys[statement_id], kept[sha2])
        for statement_id, statement in zip(ids, statements, strict=True)
        for _, attachment in attachments_of(statement)
        if (sha2 := attachment["sha2"].lower()) in kept
    }
    StatementAttachment.objects.bulk_create(
        (
            StatementAttachment(statement_id=statement, attachment_id=attachment)
            for statement, attachment in sorted(pairs)
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )


def _keep(uploads: Mapping[str, Upload], at: datetime) -> dict[str, int]:
    """The key of each upload's row, by SHA-2."""
    known = set(Attachment.objects.filter(sha2__in=uploads).values_list("sha2", flat=True))
    files = {}
    try:
        for sha2 in sorted(uploads.keys() - known):
            uploads[sha2].content.seek(0)
            files[sha2] = default_storage.save(
                f"{_FOLDER}/{sha2[:2]}/{sha2}", File(cast(IO[bytes], uploads[sha2].content))
            )
        Attachment.objects.bulk_create(
            (
                Attachment(sha2=sha2, size=uploads[sha2].content.size, file=name, stored_at=at)
                for sha2, name in files.items()
            ),
            ignore_conflicts=True,
        )
    except BaseException:
        _delete(files.values())
        raise
    rows = list(Attachment.objects.filter(sha2__in=uploads))
    in_use = {row.file.name for row in rows}
    _delete(name for name in files.values() if name not in in_use)  # another client was first
    return {row.sha2: row.pk for row in rows}


def _delete(names: Iterable[str]) -> None:
    for name in names:
        with suppress(OSError):
            default_storage.delete(name)


def attached_files(statement_ids: Iterable[UUID]) -> dict[str, Attachment]:
    """The attachments that came with these statements, by SHA-2."""
    uses = StatementAttachment.objects.filter(statement__statement_id__in=list(statement_ids))
    return {
        use.attachment.sha2: use.attachment for use in uses.select_related("attachment").order_by("attachment__sha2")
    }
