"""Following the statements: what people did, read by a cursor, marked once however often it is read.

The cursor goes up to where the table of statements is settled (`lms.xapi.horizon`), so a row whose id is lower and
whose transaction ends later is not passed by. Marks are joined, never counted up: reading a statement twice, or all of
them again, comes to the same.
"""

from dataclasses import dataclass

from django.db import transaction

from lms.reporting.acts import VOIDED_KEY, read_acts
from lms.reporting.services import marks
from lms.reporting.services.anew import people_of, project_people
from lms.reporting.services.summing import sum_stale
from lms.xapi.horizon import settled_through
from lms.xapi.models import Statement

BATCH = 2000


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What a run did. `is_settled` False: somebody was storing statements at length, the next run goes on."""

    statements: int
    is_settled: bool


def follow_statements(*, limit: int | None = None) -> Followed:
    """Reads the statements since the last run, about `limit` at most, 2,000 a transaction; then adds up what moved.

    May be killed anywhere, and run beside itself and beside writers: the cursor's row is locked, and moves in the
    transaction of the marks. Call it outside of a transaction.
    """
    settled = settled_through()
    if settled is None:
        return Followed(statements=0, is_settled=False)
    done = 0
    while limit is None or done < limit:
        read = _follow_batch(settled)
        if not read:
            break
        done += read
    sum_stale()
    return Followed(statements=done, is_settled=True)


@transaction.atomic
def _follow_batch(settled: int) -> int:
    cursor = marks.locked_cursor()
    new = Statement.objects.filter(pk__gt=cursor.passed, pk__lte=settled).order_by("pk")
    rows = marks.read_rows(new[:BATCH])
    if not rows:
        return 0
    marks.join(marks.with_people(read_acts(rows)))
    cursor.passed = rows[-1].pk
    voided = [row.object_key for row in rows if row.verb_key == VOIDED_KEY]
    if voided:  # a mark may stand for other statements as well, so those people are projected anew
        project_people(people_of(voided), passed=cursor.passed, check=False)
    newest = max(row.stored_at for row in rows)
    cursor.stored_through = max(newest, cursor.stored_through or newest)
    cursor.save(update_fields=["passed", "stored_through"])
    return len(rows)
