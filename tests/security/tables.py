"""Whether a request changed a table: what it wrote is watched, and where it wrote at all, every row is compared."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection

# What a refused request may write: who tried, and the session it came with.
MAY_GROW = {"accounts.AuditEntry", "accounts.SignInFailure", "sessions.Session"}
# Statements that change no row. A WITH may end in an INSERT and counts as writing.
_READING = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "EXPLAIN", "SET ", "SHOW")


def fingerprint() -> dict[str, str]:
    """Of every table a digest over all rows."""
    spared = {apps.get_model(label)._meta.db_table for label in MAY_GROW}
    digests = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - spared:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows = sorted(map(repr, cursor.fetchall()))
            digests[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return digests


@contextmanager
def watched() -> Iterator[list[str]]:
    """The statements that may change rows, as they are executed."""
    written: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip().upper().startswith(_READING):
            written.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


_untouched: dict[str, str] = {}


def untouched() -> dict[str, str]:
    """The digests before anything was asked. The world is the same at the start of every test, each of which is rolled
    back: it is read in full once, by the first that asks."""
    if not _untouched:
        _untouched.update(fingerprint())
    return _untouched


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fails when the block leaves another row in any table. They are read again only after a block that wrote."""
    before = untouched()
    with watched() as written:
        yield
    if written:
        assert fingerprint() == before, written
