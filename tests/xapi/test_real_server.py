"""Granian and PostgreSQL: writers at once over HTTP, and a server that dies while it stores."""

import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest
from django.db import connection

from lms.xapi.models import Mention, Reference, Statement
from tests.servers import web_process
from tests.xapi.factories import statement
from tests.xapi.test_races import WRITERS, slow_inserts  # noqa: F401  a fixture

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
SIZE = 200
CONTEXT = {"instructor": {"mbox": "mailto:i@x.example"}}


@pytest.fixture
def start(tmp_path):
    """Starts a server on the test's database."""
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    env = {"LAUREL_TESTING": "1", "DATABASE_URL": url, "MEDIA_ROOT": str(tmp_path / "media")}
    return lambda: web_process(tmp_path, env, threads=WRITERS)


@pytest.fixture
def send(connect):
    """Posts a batch to an address; returns the answer, or None from a server that died."""
    headers = connect().headers()

    def post(address, batch):
        with suppress(httpx.TransportError):
            return httpx.post(f"{address}/xapi/statements", json=batch, headers=headers, timeout=60)
        return None

    return post


def test_writers_of_overlapping_batches(start, send):
    """Exactly one of each id is stored, equal bodies are no-ops, different bodies 409 and change nothing. LRS-07, LRS-10."""
    common = [statement(id=str(uuid4()), context=CONTEXT) for _ in range(60)]
    contested = str(uuid4())

    def writer(number):
        chance = random.Random(number)
        codes = [send(address, chance.sample(common, 40)).status_code for _ in range(5)]
        differing = statement(id=contested, result={"response": str(number)})
        codes.append(send(address, [statement(id=str(uuid4())), differing]).status_code)
        return codes

    with start() as (address, _), ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(writer, range(WRITERS)))
        assert [codes[:5] for codes in results] == [[200] * 5] * WRITERS
        assert Counter(codes[5] for codes in results) == {200: 1, 409: WRITERS - 1}
        assert Statement.objects.count() == 60 + 2
        assert Mention.objects.count() == 60
        assert [send(address, common).status_code, Statement.objects.count()] == [200, 62]


@pytest.mark.parametrize("is_one_command", [True, False], ids=["one command", "a transaction"])
def test_a_server_that_dies_in_mid_batch_leaves_all_or_nothing(start, send, slow_inserts, is_one_command):  # noqa: F811
    batch = [statement(id=str(uuid4()), context=CONTEXT) for _ in range(SIZE)]
    if not is_one_command:  # who points at something needs more than one command
        batch[-1]["object"] = {"objectType": "StatementRef", "id": batch[0]["id"]}
    with start() as (address, process), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send, address, batch)
        wait_for_insert()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert answer.result() is None
    wait_for_insert(is_over=True)
    stored = Statement.objects.count()
    assert stored in ({0, SIZE} if is_one_command else {0})
    assert Mention.objects.count() == stored
    with start() as (address, _):
        assert send(address, batch).status_code == 200
    assert (Statement.objects.count(), Mention.objects.count()) == (SIZE, SIZE)
    assert Reference.objects.count() == (not is_one_command)


def wait_for_insert(*, is_over=False):
    """Until the database is at the batch, or until it is not any more."""
    busy = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%xapi_statement%%'"
    busy += " AND datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute(busy)
            if (cursor.fetchone()[0] == 0) == is_over:
                time.sleep(0.1)  # into the middle of it
                return
            time.sleep(0.02)
    pytest.fail("the database did not come to it")
