"""How far the table of statements is settled: up to which row no statement can appear any more.

A row's id is drawn before its transaction commits. So of two transactions at once the one with the lower id may commit
later, and a reader who has gone past it would never see it. But whoever inserts into a PostgreSQL table holds a
RowExclusiveLock on it from before the first id is drawn until his transaction ends, and `pg_locks` tells who does. So:

1. read the highest id that is visible, M: every lower id was drawn before this moment;
2. list the transactions that hold the lock now: every open one that drew an id below M is among them;
3. wait until these have ended; who begins later draws ids above M and needs no waiting for.

Then all rows up to M are there or never will be. The writers pay nothing for it. (`CREATE INDEX CONCURRENTLY` waits
for old writers in the same way.) SQLite has one writer at a time, which draws its ids inside: the highest visible id
is settled at once.
"""

import time

from django.db import connection
from django.db.models import Max

from lms.xapi.models import Statement

_PAUSE = 0.05
_WRITERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid IS DISTINCT FROM pg_backend_pid()
"""


def settled_through(*, patience: float = 5.0) -> int | None:
    """The highest settled id, 0 for an empty table; None when a writer took longer than `patience` seconds.

    Call it outside of a transaction, or in one that reads what is committed (the default): what follows must see what
    was waited for.
    """
    highest: int = Statement.objects.aggregate(highest=Max("pk"))["highest"] or 0
    if connection.vendor != "postgresql":
        return highest
    waited_for = _writers()
    ends = time.monotonic() + patience
    while waited_for:
        if time.monotonic() > ends:
            return None
        time.sleep(_PAUSE)
        waited_for &= _writers()
    return highest


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [Statement._meta.db_table])
        return {virtual_id for (virtual_id,) in cursor.fetchall()}
