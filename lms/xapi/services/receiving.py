"""Statements that come from outside."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from lms.xapi.agents import actor_key
from lms.xapi.errors import InvalidQuery, NotYours, TooLarge
from lms.xapi.models import Credential
from lms.xapi.services.recording import record
from lms.xapi.validation import Version, check_batch, check_statement
from lms.xapi.vocabulary import VOIDED

MAX_BATCH = 1000
_DEFAULT_VERSION = {Version.V1: "1.0.0", Version.V2: "2.0.0"}


def receive_statements(
    *, data: Any, credential: Credential, version: Version, at: datetime, statement_id: UUID | None = None
) -> list[UUID]:
    """Stores what a client sent, one statement or a list, and returns the ids in its order; all or none.

    With `statement_id` it is one statement that gets this id. Raises InvalidStatement, InvalidQuery (ids that differ),
    NotYours (no scope to write, or a bound credential speaking for another or voiding), TooLarge, and what `record`
    raises and emits.
    """
    if not credential.has_scope(Credential.Scope.WRITE):
        raise NotYours("This credential may not store statements.")
    if isinstance(data, list) and statement_id is None:
        if len(data) > MAX_BATCH:
            raise TooLarge(f"The batch has {len(data)} statements; at most {MAX_BATCH} are read at once.")
        check_batch(data, version)
        statements = data
    else:
        check_statement(data, version)
        statements = [data if statement_id is None else _with_id(data, statement_id)]
    if credential.actor_key is not None:
        for statement in statements:
            _check_bound(statement, credential.actor_key)
    return record(statements, authority=credential.authority, at=at, default_version=_DEFAULT_VERSION[version])


def _with_id(statement: Mapping[str, Any], statement_id: UUID) -> Mapping[str, Any]:
    if "id" in statement and UUID(statement["id"]) != statement_id:
        raise InvalidQuery("The statement's id is not the statementId of the address.")
    return {**statement, "id": str(statement_id)}


def _check_bound(statement: Mapping[str, Any], key: UUID) -> None:
    """A credential bound to one actor says what he did himself: nobody else, no group, nothing void."""
    actor = statement["actor"]
    if actor.get("objectType") == "Group" or actor_key(actor) != key:
        raise NotYours("This credential speaks for one actor, and the statement has another.")
    if statement["verb"]["id"] == VOIDED:
        raise NotYours("This credential may not void statements.")
