"""Statements that come from outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from lms.xapi import bounds
from lms.xapi.errors import InvalidQuery, NotYours
from lms.xapi.models import Credential
from lms.xapi.multipart import Upload
from lms.xapi.services.activities import learn_definitions
from lms.xapi.services.attachments import check_attachments, store_attachments
from lms.xapi.services.limits import charge
from lms.xapi.services.recording import draft_all, store, store_plain
from lms.xapi.validation import Sent, Version, read_statements

MAX_BATCH = 1000
_DEFAULT_VERSION = {Version.V1: "1.0.0", Version.V2: "2.0.0"}
_NO_UPLOADS: Mapping[str, Upload] = {}


def receive_statements(
    *,
    data: bytes,
    credential: Credential,
    version: Version,
    at: datetime,
    statement_id: UUID | None = None,
    uploads: Mapping[str, Upload] = _NO_UPLOADS,
) -> list[UUID]:
    """Stores what a client sent, JSON of one statement or a list, with its attachments; returns the ids in its order.

    All or none. With `statement_id` it is one statement that gets this id. Raises InvalidStatement, UnsafeInput,
    InvalidAttachment, InvalidQuery (ids that differ), NotYours (no scope to write, or more than a bound credential may
    say), RateLimited, TooLarge, and what `record` raises and emits.
    """
    if not credential.has_scope(Credential.Scope.WRITE):
        raise NotYours("This credential may not store statements.")
    statements = _read(data, version, statement_id)
    charge(credential=credential, amount=len(statements) - 1, at=at)  # the request itself is one
    values = [sent.value for sent in statements]
    for value in values:
        bounds.check_statement(value, credential)
    check_attachments(values, uploads)
    authority = credential.authority
    drafts = draft_all(statements, authority=authority, at=at, default_version=_DEFAULT_VERSION[version])
    ids = [item.statement_id for item in drafts]
    if uploads or not store_plain(drafts, authority=authority):
        with transaction.atomic():
            store(drafts, authority=authority, at=at)
            store_attachments(ids, values, uploads, at=at)
    if credential.has_scope(Credential.Scope.DEFINE):
        learn_definitions(values, authority=authority, at=at)
    return ids


def _read(data: bytes, version: Version, statement_id: UUID | None) -> Sequence[Sent]:
    if statement_id is None:
        return read_statements(data, version, most=MAX_BATCH)
    (sent,) = read_statements(data, version, most=MAX_BATCH, as_list=False)
    if "id" not in sent.value:
        named = {"id": str(statement_id), **sent.value}
        return [Sent(named, b'{"id":"%s",' % str(statement_id).encode() + sent.text[sent.text.index(b"{") + 1 :])]
    if UUID(sent.value["id"]) != statement_id:
        raise InvalidQuery("The statement's id is not the statementId of the address.")
    return [sent]
