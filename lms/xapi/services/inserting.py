"""The rows of new statements: one statement to PostgreSQL, whatever the number of rows; Django's own way elsewhere."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import psycopg
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction

from lms.xapi.drafts import Draft
from lms.xapi.errors import StatementConflict
from lms.xapi.models import Authority, Mention, Statement

# Rows come in the order of their ids, so that of two overlapping batches one waits for the other at their first common
# id. Mentions are of new rows only: nobody else inserts the same.
_ROWS = """
    INSERT INTO xapi_statement
        (statement_id, stored_at, happened_at, actor_key, verb_key, object_key, registration, digest, body,
         authority_id)
    SELECT sent.*, %s
    FROM unnest(
        %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[],
        %b::text[]
    ) AS sent
"""
_MENTIONS = """
    INSERT INTO xapi_mention (statement_id, key, stored_at, is_member)
    SELECT new.id, mention.key, new.stored_at, mention.is_member
    FROM unnest(%s::uuid[], %s::uuid[], %s::bool[]) AS mention (statement_id, key, is_member)
    JOIN new ON new.statement_id = mention.statement_id
"""
_INSERT = f"""
WITH new AS ({_ROWS} ON CONFLICT (statement_id) DO NOTHING RETURNING id, statement_id, stored_at),
mentioned AS ({_MENTIONS})
SELECT statement_id, id FROM new
"""  # noqa: S608  put together from constants
_INSERT_PLAIN = f"""
WITH new AS (
    {_ROWS} WHERE NOT EXISTS (SELECT 1 FROM xapi_statement AS earlier WHERE earlier.object_key = ANY (%s::uuid[]))
    RETURNING id, statement_id, stored_at
),
mentioned AS ({_MENTIONS})
SELECT count(*) FROM new
"""  # noqa: S608


# The same for one statement: no arrays to take apart and to join, which is a third of the work.
_INSERT_ONE = """
WITH new AS (
    INSERT INTO xapi_statement
        (statement_id, stored_at, happened_at, actor_key, verb_key, object_key, registration, digest, body,
         authority_id)
    SELECT %s::uuid, %s::timestamptz, %s::timestamptz, %s::uuid, %s::uuid, %s::uuid, %s::uuid, %s, %s, %s
    WHERE NOT EXISTS (SELECT 1 FROM xapi_statement AS earlier WHERE earlier.object_key = %s::uuid)
    RETURNING id, stored_at
),
mentioned AS (
    INSERT INTO xapi_mention (statement_id, key, stored_at, is_member)
    SELECT new.id, mention.key, new.stored_at, mention.is_member
    FROM new CROSS JOIN unnest(%s::uuid[], %s::bool[]) AS mention (key, is_member)
)
SELECT count(*) FROM new
"""


def insert_plain(drafts: list[Draft], authority: Authority) -> bool:
    """Stores all in one round trip that is its own transaction, or (False) none: then somebody must look.

    For PostgreSQL, outside of a transaction, and statements that void, point at and move nothing. None is stored when
    an id is taken, when a statement came before that points at one of them, and when the connection turns out to be
    dead. `drafts` are in the order of their ids, each once.
    """
    try:
        ((count,),) = _run(*_plain(drafts, authority))
    except IntegrityError:
        return False
    except OperationalError:
        connection.close()
        return False
    return bool(count)


def _plain(drafts: list[Draft], authority: Authority) -> tuple[str, list[object]]:
    if len(drafts) > 1:
        own = _array(item.statement_id.hex for item in drafts if item.has_own_id)
        columns, mentions = _parameters(drafts, authority)
        return _INSERT_PLAIN, [*columns, own, *mentions]
    (item,) = drafts
    return _INSERT_ONE, [
        item.statement_id.hex,
        item.stored_at.isoformat(),
        item.happened_at.isoformat(),
        item.actor_key.hex,
        item.verb_key.hex,
        item.object_key.hex,
        item.registration and item.registration.hex,
        item.digest,
        item.body,
        authority.pk,
        item.statement_id.hex if item.has_own_id else None,
        _array(key.hex for key in item.mentions),
        _array("t" if mark else "f" for mark in item.mentions.values()),
    ]


def insert(drafts: list[Draft], authority: Authority) -> list[Draft]:
    """Inserts those whose id is not stored yet, and what they mention. Returns these, with their keys.

    `drafts` are in the order of their ids, each once. Raises StatementConflict when an id stands for other content.
    """
    if not drafts:
        return []
    return (
        _insert_at_once(drafts, authority) if connection.vendor == "postgresql" else _insert_portably(drafts, authority)
    )


def check_same(item: Draft, digest: str) -> None:
    """Raises StatementConflict unless the digest is the item's."""
    if item.digest != digest:
        raise StatementConflict(f"Another statement is stored under the id {item.statement_id}; nothing was changed.")


def _insert_at_once(drafts: list[Draft], authority: Authority) -> list[Draft]:
    """PostgreSQL: what the id clashes with is skipped, also if it is being stored this very moment."""
    waiting, stored = drafts, []
    while waiting:
        columns, mentions = _parameters(waiting, authority)
        keys = dict(_run(_INSERT, [*columns, *mentions]))
        for item in waiting:
            item.pk = keys.get(item.statement_id, 0)
        stored += [item for item in waiting if item.pk]
        if len(keys) == len(waiting):
            break
        waiting = _unknown([item for item in waiting if not item.pk])  # those that were deleted meanwhile
    return stored


def _parameters(drafts: list[Draft], authority: Authority) -> tuple[list[object], list[object]]:
    """What _ROWS and _MENTIONS take."""
    columns = [
        authority.pk,
        _array(item.statement_id.hex for item in drafts),
        _array(item.stored_at.isoformat() for item in drafts),
        _array(item.happened_at.isoformat() for item in drafts),
        _array(item.actor_key.hex for item in drafts),
        _array(item.verb_key.hex for item in drafts),
        _array(item.object_key.hex for item in drafts),
        _array("NULL" if item.registration is None else item.registration.hex for item in drafts),
        _array(item.digest for item in drafts),
        [item.body for item in drafts],
    ]
    mentions = [(item.statement_id.hex, key.hex, mark) for item in drafts for key, mark in item.mentions.items()]
    return columns, [
        _array(statement for statement, _, _ in mentions),
        _array(key for _, key, _ in mentions),
        _array("t" if mark else "f" for _, _, mark in mentions),
    ]


def _run(sql: str, parameters: list[object]) -> list[tuple[Any, ...]]:
    """By psycopg's own cursor: parameters go beside the statement, which the server prepares once per connection."""
    connection.ensure_connection()
    if settings.XAPI_PREPARED:
        connection.connection.prepare_threshold = 5  # Django sets None; its own cursors prepare nothing anyway
    with psycopg.Cursor(connection.connection) as cursor, connection.wrap_database_errors:
        return list(cursor.execute(sql.encode(), parameters, prepare=settings.XAPI_PREPARED).fetchall())


def _array(texts: Iterable[str]) -> str:
    """An array literal of texts that need no quotes: a tenth of the time that a list of objects takes."""
    return f"{{{','.join(texts)}}}"


def _insert_portably(drafts: list[Draft], authority: Authority) -> list[Draft]:
    """Most are new, so it looks what is there only when the database refuses one."""
    while True:
        rows = [_row(item, authority) for item in drafts]
        try:
            with transaction.atomic():
                Statement.objects.bulk_create(rows)
        except IntegrityError:
            unknown = _unknown(drafts)
            if len(unknown) == len(drafts):
                raise  # none is stored, so something else is wrong
            drafts = unknown
        else:
            break
    for item, row in zip(drafts, rows, strict=True):
        item.pk = row.pk
    Mention.objects.bulk_create(
        Mention(key=key, stored_at=item.stored_at, statement_id=item.pk, is_member=is_member)
        for item in drafts
        for key, is_member in item.mentions.items()
    )
    return drafts


_COLUMNS = (
    *("statement_id", "stored_at", "happened_at", "actor_key", "verb_key", "object_key", "registration", "digest"),
    "body",
)
_values = attrgetter(*_COLUMNS)


def _row(item: Draft, authority: Authority) -> Statement:
    return Statement(authority=authority, **dict(zip(_COLUMNS, _values(item), strict=True)))


def _unknown(drafts: list[Draft]) -> list[Draft]:
    """Those whose id is not stored. Raises StatementConflict when other content is stored under an id."""
    wanted = Statement.objects.filter(statement_id__in=[item.statement_id for item in drafts])
    known = dict(wanted.values_list("statement_id", "digest"))
    unknown = []
    for item in drafts:
        if item.statement_id in known:
            check_same(item, known[item.statement_id])
        else:
            unknown.append(item)
    return unknown
