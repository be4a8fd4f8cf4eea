"""Several writers at once: only PostgreSQL shows what happens between two of them."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection, transaction

from lms.xapi.errors import StatementConflict
from lms.xapi.models import Mention, Statement
from lms.xapi.services import record
from tests.xapi.factories import AuthorityFactory, statement

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
WRITERS = 8


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Runs the jobs in threads that begin together; returns what each returned or raised."""
    ready = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        try:
            ready.wait()
            return job()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_the_same_statement_from_many_writers_is_stored_once(now):
    """LRS-07."""
    authority, sent = (
        AuthorityFactory(),
        statement(id=str(uuid4()), context={"instructor": {"mbox": "mailto:i@x.example"}}),
    )
    results = at_once(*[lambda: record([sent], authority=authority, at=now)] * WRITERS)
    assert results == [results[0]] * WRITERS
    assert (Statement.objects.count(), Mention.objects.count()) == (1, 1)


def test_one_of_many_contents_under_an_id_wins_and_the_others_are_told(now):
    authority, statement_id = AuthorityFactory(), str(uuid4())
    bodies = [statement(id=statement_id, result={"response": str(n)}) for n in range(WRITERS)]
    results = at_once(*[lambda body=body: record([body], authority=authority, at=now) for body in bodies])
    assert sorted(type(result).__name__ for result in results) == ["StatementConflict"] * (WRITERS - 1) + ["list"]
    assert all(isinstance(result, StatementConflict | list) for result in results)
    assert Statement.objects.count() == 1


@pytest.fixture
def slow_inserts() -> Iterator[None]:
    """Each row takes its time, so that batches are inserted side by side and not one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END';"
            "CREATE TRIGGER take_time BEFORE INSERT ON xapi_statement FOR EACH ROW EXECUTE FUNCTION take_time()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION take_time CASCADE")


def test_overlapping_batches_in_any_order_never_deadlock(now, slow_inserts):
    authority = AuthorityFactory()
    batch = [statement(id=str(uuid4())) for _ in range(40)]
    orders = [batch, batch[::-1], batch[20:] + batch[:20], batch[::2] + batch[1::2]] * 2
    results = at_once(*[lambda order=order: record(order, authority=authority, at=now) for order in orders])
    assert [str(result[0]) for result in results] == [order[0]["id"] for order in orders]
    assert Statement.objects.count() == len(batch)


def test_a_batch_is_seen_whole_or_not_at_all(now):
    authority = AuthorityFactory()
    seen: list[int] = []
    done = threading.Event()

    def write() -> None:
        for _ in range(10):
            with transaction.atomic():
                record([statement() for _ in range(7)], authority=authority, at=now)
        done.set()

    def read() -> None:
        while not done.is_set():
            seen.append(Statement.objects.count())

    assert at_once(write, read) == [None, None]
    assert {count % 7 for count in seen} <= {0}
