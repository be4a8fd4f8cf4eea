"""Two writers at once: what commits late is sent late, and never left out. Only PostgreSQL shows it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from lms.xapi import horizon, services
from lms.xapi.models import ForwardingTarget, Statement
from lms.xapi.services import forwarding, record
from tests.xapi.factories import AuthorityFactory, statement

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


@contextmanager
def open_writer(now):
    """A transaction in another thread that has stored a statement (and so drawn its id) and not committed."""
    has_stored, may_commit, stored = threading.Event(), threading.Event(), []
    authority = AuthorityFactory()

    def write() -> None:
        try:
            with transaction.atomic():
                stored.extend(map(str, record([statement()], authority=authority, at=now)))
                has_stored.set()
                may_commit.wait(20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(write)
        assert has_stored.wait(10)

        def commit() -> None:
            may_commit.set()
            job.result(10)

        try:
            yield stored, commit
        finally:
            commit()


def test_statement_that_commits_after_a_higher_id_is_still_sent(now, peer, make_target, monkeypatch):
    monkeypatch.setattr(horizon.settled_through, "__kwdefaults__", {"patience": 0.3})
    target = make_target()
    with open_writer(now) as (early, commit):
        late = [str(one) for one in record([statement()], authority=AuthorityFactory(), at=now)]
        assert Statement.objects.get().statement_id  # only the one with the higher id can be seen
        waiting = services.forward_statements(target=target, at=now)
        assert (waiting.sent, "at length" in waiting.problem) == (0, True)
        commit()
    target.refresh_from_db()
    assert services.forward_statements(target=target, at=now).sent == 2
    assert sorted(peer.arrived) == sorted(early + late)


def test_run_waits_for_a_writer_who_ends_soon(now, peer, make_target):
    target = make_target()
    with open_writer(now) as (early, commit):
        late = [str(one) for one in record([statement()], authority=AuthorityFactory(), at=now)]
        timer = threading.Timer(0.5, commit)
        timer.start()
        assert services.forward_statements(target=target, at=now).sent == 2
        timer.join()
    assert sorted(peer.arrived) == sorted(early + late)


def test_without_the_horizon_the_early_statement_would_be_lost(now, peer, make_target, monkeypatch):
    """The twin: a reader that takes the highest visible id for a safe place leaves out what commits late."""
    monkeypatch.setattr(horizon, "_writers", set)
    target = make_target()
    with open_writer(now) as (early, commit):
        late = [str(one) for one in record([statement()], authority=AuthorityFactory(), at=now)]
        assert services.forward_statements(target=target, at=now).sent == 1
        commit()
    target.refresh_from_db()
    assert services.forward_statements(target=target, at=now).sent == 0
    assert peer.arrived == late
    assert early[0] not in peer.arrived


def test_replay_place_waits_for_open_writers_too(now, peer, make_target):
    target = make_target()
    with open_writer(now) as (_, commit):
        record([statement()], authority=AuthorityFactory(), at=now)
        timer = threading.Timer(0.5, commit)
        timer.start()
        services.replay_target(target=target, since=now, at=now)
        timer.join()
    target.refresh_from_db()
    assert services.forward_statements(target=target, at=now).sent == 2


def test_readers_and_lockers_of_rows_are_not_waited_for(now):
    record([statement()], authority=AuthorityFactory(), at=now)
    has_read, may_end = threading.Event(), threading.Event()

    def read() -> None:
        try:
            with transaction.atomic():
                list(Statement.objects.select_for_update(no_key=True))
                has_read.set()
                may_end.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(read)
        assert has_read.wait(10)
        assert horizon.settled_through(patience=0) == Statement.objects.get().pk
        may_end.set()
        job.result(10)


def test_two_workers_at_once_send_once_and_in_order(now, peer, make_target):
    target = make_target()
    ids = [str(one) for one in record([statement() for _ in range(120)], authority=AuthorityFactory(), at=now)]

    def work() -> forwarding.Sent:
        try:
            return services.forward_statements(target=ForwardingTarget.objects.get(pk=target.pk), at=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        results = [job.result(30) for job in [pool.submit(work) for _ in range(4)]]
    assert sum(result.sent for result in results) == 120
    assert peer.batches == [ids[:100], ids[100:]]
