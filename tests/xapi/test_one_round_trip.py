"""What other systems send is stored in one round trip that is its own transaction, or by the long way with the same end."""

import threading
import time
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from lms.xapi.models import Mention, Reference, Statement
from lms.xapi.services import recording
from tests.xapi.factories import statement, voiding
from tests.xapi.test_races import WRITERS, at_once, slow_inserts  # noqa: F401  a fixture

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
TEAM = {"team": {"objectType": "Group", "mbox": "mailto:team@x.example"}}
COMPLETED = {"id": "http://adlnet.gov/expapi/verbs/completed"}


@pytest.fixture
def long_way(monkeypatch):
    """Every time the long way is gone."""
    taken = []
    store = recording.store

    def noted(*args, **kwargs):
        taken.append(1)
        return store(*args, **kwargs)

    monkeypatch.setattr("lms.xapi.services.receiving.store", noted)
    return taken


def other_connection():
    settings = connection.settings_dict
    return psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname=settings["NAME"], autocommit=True
    )


def batch(size=3, **changes):
    return [statement(id=str(uuid4()), context=TEAM, **changes) for _ in range(size)]


def test_new_statements_take_the_short_way(lrs, long_way, django_assert_num_queries):
    with django_assert_num_queries(2):  # the credential, its use
        assert lrs.post(batch()).status_code == 200
    with django_assert_num_queries(0):
        assert lrs.post(statement()).status_code == 200
    assert (Statement.objects.count(), Mention.objects.count(), long_way) == (4, 3, [])
    for row in Statement.objects.all():
        assert lrs.get(statementId=str(row.statement_id)).json()["stored"]
    assert (
        len(
            lrs.get(agent='{"objectType":"Group","mbox":"mailto:team@x.example"}', related_agents="true").json()[
                "statements"
            ]
        )
        == 3
    )


def test_a_replay_and_a_conflict_take_the_long_way(lrs, long_way):
    sent = batch()
    assert lrs.post(sent).status_code == 200
    assert lrs.post([*sent, *batch()]).status_code == 200
    assert len(long_way) == 1
    assert lrs.post([*batch(), sent[0] | {"result": {"success": True}}]).status_code == 409
    assert (Statement.objects.count(), Mention.objects.count()) == (6, 6)


def test_what_was_pointed_at_before_it_came_takes_the_long_way(lrs, long_way):
    target, void = statement(id=str(uuid4())), statement(id=str(uuid4()))
    pointer = statement(object={"objectType": "StatementRef", "id": target["id"]})
    assert [lrs.post(item).status_code for item in (pointer, voiding(void["id"]))] == [200, 200]
    long_way.clear()
    assert lrs.post([target, void, *batch()]).status_code == 200
    assert len(long_way) == 1
    assert Reference.objects.count() == 2
    assert lrs.get(statementId=void["id"]).status_code == 404
    assert lrs.get(voidedStatementId=void["id"]).status_code == 200


def test_what_may_move_figures_takes_the_long_way(connect, long_way):
    trusted, other = connect(name="Trusted", is_trusted=True), connect(name="Other")
    assert trusted.post(statement(verb=COMPLETED)).status_code == 200
    assert len(long_way) == 1
    assert other.post(statement(verb=COMPLETED)).status_code == 200
    assert trusted.post(statement()).status_code == 200
    assert len(long_way) == 1


def test_a_connection_that_died_is_replaced(lrs, long_way):
    assert lrs.post(batch()).status_code == 200
    pid = connection.connection.info.backend_pid
    with other_connection() as other:
        other.execute("SELECT pg_terminate_backend(%s, 60000)", [pid])  # returns when it is gone
    assert lrs.post(batch()).status_code == 200
    assert (Statement.objects.count(), len(long_way)) == (6, 1)


def test_overlapping_batches_of_many_writers(lrs, slow_inserts):  # noqa: F811
    """Exactly one of each is stored; equal bodies are no-ops; other bodies are conflicts that store nothing."""
    shared = batch(10)
    results = at_once(*[lambda: lrs.post(shared[::-1] + batch(2)).status_code] * WRITERS)
    assert results == [200] * WRITERS
    assert Statement.objects.count() == 10 + 2 * WRITERS
    contested = str(uuid4())
    bodies = [[*batch(3), statement(id=contested, result={"response": str(n)})] for n in range(WRITERS)]
    results = at_once(*[lambda body=body: lrs.post(body).status_code for body in bodies])
    assert sorted(results) == [200] + [409] * (WRITERS - 1)
    assert Statement.objects.count() == 10 + 2 * WRITERS + 4


def test_a_writer_that_is_killed_in_mid_batch_leaves_all_or_nothing(lrs, slow_inserts):  # noqa: F811
    """The session ends while rows are inserted. The client is told, or the batch is stored whole by a second try."""
    killed = []

    def kill() -> None:
        with other_connection() as other:
            for _ in range(12_000):
                found = other.execute(
                    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%INSERT INTO xapi_statement%'"
                    " AND state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
                ).fetchone()
                if found:
                    killed.append(found)
                    other.execute("SELECT pg_terminate_backend(%s)", found)
                    return
                time.sleep(0.005)

    killer = threading.Thread(target=kill)
    killer.start()
    lrs.client.raise_request_exception = False
    status = lrs.post(batch(200)).status_code
    killer.join()
    assert killed
    assert Statement.objects.count() == (200 if status == 200 else 0)
    assert Mention.objects.count() == Statement.objects.count()
