"""Statements that come from outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from lms.xapi import bounds
from lms.xapi.errors import InvalidQuery, NotYours, TooLarge
from lms.xapi.models import Credential
from lms.xapi.multipart import Upload
from lms.xapi.services.activities import learn_definitions
from lms.xapi.services.attachments import check_attachments, store_attachments
from lms.xapi.services.recording import record
from lms.xapi.validation import Version, check_batch, check_statement

MAX_BATCH = 1000
_DEFAULT_VERSION = {Version.V1: "1.0.0", Version.V2: "2.0.0"}
_NO_UPLOADS: Mapping[str, Upload] = {}


def receive_statements(
    *,
    data: Any,
    credential: Credential,
    version: Version,
    at: datetime,
    statement_id: UUID | None = None,
    uploads: Mapping[str, Upload] = _NO_UPLOADS,
) -> list[UUID]:
    """Stores what a client sent, one statement or a list, with its attachments, and returns the ids in its order.

    All or none. With `statement_id` it is one statement that gets this id. Raises InvalidStatement, InvalidAttachment,
    InvalidQuery (ids that differ), NotYours (no scope to write, or more than a bound credential may say), TooLarge, and
    what `record` raises and emits.
    """
    if not credential.has_scope(Credential.Scope.WRITE):
        raise NotYours("This credential may not store statements.")
    statements = _checked(data, version, statement_id)
    for statement in statements:
        bounds.check_statement(statement, credential)
    check_attachments(statements, uploads)
    with transaction.atomic():
        ids = record(statements, authority=credential.authority, at=at, default_version=_DEFAULT_VERSION[version])
        store_attachments(ids, statements, uploads, at=at)
        if credential.has_scope(Credential.Scope.DEFINE):
            learn_definitions(statements, authority=credential.authority, at=at)
    return ids


def _checked(data: Any, version: Version, statement_id: UUID | None) -> Sequence[Mapping[str, Any]]:
    if not isinstance(data, list) or statement_id is not None:
        check_statement(data, version)
        return [data if statement_id is None else _with_id(data, statement_id)]
    if len(data) > MAX_BATCH:
        raise TooLarge(f"The batch has {len(data)} statements; at most {MAX_BATCH} are read at once.")
    check_batch(data, version)
    return data


def _with_id(statement: Mapping[str, Any], statement_id: UUID) -> Mapping[str, Any]:
    if "id" in statement and UUID(statement["id"]) != statement_id:
        raise InvalidQuery("The statement's id is not the statementId of the address.")
    return {**statement, "id": str(statement_id)}
