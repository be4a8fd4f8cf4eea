"""One run for many messages, with several workers. Only PostgreSQL shows it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Barrier, Event
from typing import ClassVar

import pytest
from django.db import connection, transaction

from lms.events import events, services
from lms.events.models import Delivery

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ShelfEmptied(events.Event):
    type: ClassVar[str] = "tests.ShelfEmptied"
    shelf: str


looking, may_end = Event(), Event()
runs: list[str] = []


def tidy(event: ShelfEmptied) -> None:
    runs.append(event.shelf)
    looking.set()
    may_end.wait(10)


@pytest.fixture(autouse=True)
def _subscribed() -> Iterator[None]:
    services.subscribe(ShelfEmptied, per=lambda event: event.shelf)(tidy)
    runs.clear()
    looking.clear()
    may_end.clear()
    yield
    may_end.set()
    services._handlers.pop(ShelfEmptied.type)
    services._subjects.clear()


def emit(*shelves: str) -> None:
    """As by a request whose worker is elsewhere: nothing is delivered here."""
    services._local.is_draining = True
    with transaction.atomic():
        services.emit(*(ShelfEmptied(at=AT, shelf=shelf) for shelf in shelves))
    services._local.is_draining = False
    services._local.queue.clear()


def deliver(pk: int) -> bool:
    try:
        return services.deliver(pk)
    finally:
        connection.close()


def test_message_that_arrives_while_the_handler_looks_is_not_done_with_it() -> None:
    emit("a", "a")
    first, second = Delivery.objects.order_by("pk")
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(deliver, first.pk)
        assert looking.wait(10)
        emit("a")
        may_end.set()
        assert run.result() is True
    third = Delivery.objects.latest("pk")
    assert [row.done_at is None for row in Delivery.objects.order_by("pk")] == [False, False, True]
    assert (services.deliver(second.pk), services.deliver(third.pk)) == (False, True)
    assert runs == ["a", "a"]


def test_workers_that_start_together_do_all_and_do_not_lock_each_other_out() -> None:
    may_end.set()
    emit(*["a", "b"] * 30)
    pks = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    barrier = Barrier(6)

    def work(mine: list[int]) -> None:
        barrier.wait()
        for pk in mine:
            deliver(pk)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, [pks[number::6] if number % 2 else pks[number::6][::-1] for number in range(6)]))
    assert not Delivery.objects.filter(done_at=None).exists()
    assert not Delivery.objects.exclude(last_error="").exists()
    assert set(runs) == {"a", "b"}
    assert len(runs) < 60
