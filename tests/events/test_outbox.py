"""The outbox: at least once, work and mark together, nothing lost, nothing done twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from lms.events import services
from lms.events.events import Event
from lms.events.models import Delivery, Message

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ShelfFilled(Event):
    type: ClassVar[str] = "tests.ShelfFilled"
    shelf_id: UUID
    book_ids: tuple[UUID, ...] = ()
    label: str = ""


calls: list[ShelfFilled] = []
fault: list[Exception] = []


def note(event: ShelfFilled) -> None:
    if fault:
        raise fault[0]
    calls.append(event)


@pytest.fixture(autouse=True)
def _subscribed() -> Iterator[None]:
    services.subscribe(ShelfFilled)(note)
    calls.clear()
    fault.clear()
    yield
    services._handlers.pop(ShelfFilled.type)


def emit_one(**fields: object) -> ShelfFilled:
    event = ShelfFilled(at=AT, shelf_id=uuid4(), **fields)  # type: ignore[arg-type]
    with transaction.atomic():
        services.emit(event)
    return event


def test_event_survives_storage() -> None:
    event = ShelfFilled(at=AT, shelf_id=uuid4(), book_ids=(uuid4(), uuid4()), label="Zażółć")
    assert Event.load(event.type, event.payload()) == event


def test_event_without_a_type_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="type of its own"):

        @dataclass(frozen=True, kw_only=True)
        class Nameless(Event):
            pass


@pytest.mark.django_db
def test_emit_delivers_after_commit(django_capture_on_commit_callbacks: object) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        event = emit_one()
        assert calls == []
    assert calls == [event]
    assert Delivery.objects.get().done_at is not None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_emit_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        services.emit(ShelfFilled(at=AT, shelf_id=uuid4()))


@pytest.mark.django_db
def test_emit_rolled_back_leaves_nothing(django_capture_on_commit_callbacks: object) -> None:
    """FLT-22."""
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():  # type: ignore[operator]
        services.emit(ShelfFilled(at=AT, shelf_id=uuid4()))
        raise RuntimeError
    assert (calls, Message.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_emit_writes_nothing_nobody_wants() -> None:
    handlers = services._handlers.pop(ShelfFilled.type)
    emit_one()
    services._handlers[ShelfFilled.type] = handlers
    assert Message.objects.count() == 0


@pytest.mark.django_db
def test_deliver_twice_works_once() -> None:
    event = emit_one()
    delivery = Delivery.objects.get()
    assert services.deliver(delivery.pk) is True
    assert services.deliver(delivery.pk) is False
    assert calls == [event]


@pytest.mark.django_db
def test_deliver_leaves_a_leased_delivery_to_its_worker() -> None:
    emit_one()
    Delivery.objects.update(due_at=timezone.now() + services.LEASE, attempts=1)
    assert services.deliver(Delivery.objects.get().pk) is False
    assert calls == []


@pytest.mark.django_db
def test_lease_of_a_killed_worker_runs_out() -> None:
    """FLT-17."""
    event = emit_one()
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1), attempts=1)
    assert services.sweep() == 1
    assert calls == [event]


@pytest.mark.django_db
def test_failure_is_recorded_and_tried_again_later() -> None:
    event = emit_one()
    fault.append(ValueError("no shelf"))
    assert services.drain() == 0
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.last_error, delivery.done_at) == (1, "ValueError: no shelf", None)
    assert delivery.due_at > timezone.now()
    fault.clear()
    Delivery.objects.update(due_at=timezone.now())
    assert services.drain() == 1
    assert calls == [event]


@pytest.mark.django_db
def test_failure_rolls_the_handlers_work_back() -> None:
    def half(event: ShelfFilled) -> None:
        Message.objects.create(type="half", payload={})
        raise ValueError

    services._handlers[ShelfFilled.type] = {"half": half}
    emit_one()
    services.drain()
    assert not Message.objects.filter(type="half").exists()


@pytest.mark.django_db
def test_poison_is_given_up_and_holds_up_nobody() -> None:
    """FLT-21."""
    emit_one()
    fault.append(ValueError("poison"))
    for _ in range(services.MAX_ATTEMPTS):
        Delivery.objects.filter(failed_at=None).update(due_at=timezone.now())
        services.drain()
    assert Delivery.objects.get().failed_at is not None
    fault.clear()
    event = emit_one()
    services.drain()
    assert calls == [event]


@pytest.mark.django_db
def test_broker_down_loses_nothing(settings: object, django_capture_on_commit_callbacks: object) -> None:
    """FLT-13, FLT-15: the nudge fails, the request does not, the sweep finds the message."""
    settings.HAS_BROKER = True  # type: ignore[attr-defined]
    from lms.celery import app

    app.conf.broker_url = "redis://127.0.0.1:1/0"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        event = emit_one()
    assert calls == []
    assert services.sweep() == 1
    assert calls == [event]


@pytest.mark.django_db
def test_hold_delivers_at_its_end(django_capture_on_commit_callbacks: object) -> None:
    with services.hold():
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            event = emit_one()
        assert calls == []
    assert calls == [event]


@pytest.mark.django_db
def test_handler_that_emits_is_followed_up(django_capture_on_commit_callbacks: object) -> None:
    def chain(event: ShelfFilled) -> None:
        calls.append(event)
        if len(calls) < 3:
            services.emit(ShelfFilled(at=AT, shelf_id=uuid4()))

    services._handlers[ShelfFilled.type] = {"chain": chain}
    emit_one()
    services.drain()
    assert len(calls) == 3


# --- One run for many -------------------------------------------------------------------------------------------------


@pytest.fixture
def per_shelf() -> Iterator[None]:
    """The handler recomputes a shelf."""
    services.subscribe(ShelfFilled, per=lambda event: event.shelf_id)(note)
    yield
    services._subjects.clear()


def fill(shelf: UUID, *minutes: int) -> list[ShelfFilled]:
    events = [ShelfFilled(at=AT + timedelta(minutes=minute), shelf_id=shelf) for minute in minutes]
    with transaction.atomic():
        services.emit(*events)
    return events


@pytest.mark.django_db
@pytest.mark.usefixtures("per_shelf")
def test_messages_of_one_subject_are_one_run_with_the_latest() -> None:
    _, last, _ = fill(uuid4(), 1, 9, 5)
    other = fill(uuid4(), 2)
    assert services.drain() == 2
    assert calls == [last, *other]
    assert not Delivery.objects.filter(done_at=None).exists()


@pytest.mark.django_db
def test_without_a_subject_each_message_is_a_run() -> None:
    events = fill(uuid4(), 1, 9, 5)
    assert services.drain() == 3
    assert calls == events


@pytest.mark.django_db
@pytest.mark.usefixtures("per_shelf")
def test_message_that_comes_later_is_a_run_of_its_own() -> None:
    shelf = uuid4()
    first = fill(shelf, 1)
    services.drain()
    second = fill(shelf, 2)
    services.drain()
    assert calls == first + second


@pytest.mark.django_db
@pytest.mark.usefixtures("per_shelf")
def test_failed_run_leaves_the_others_due() -> None:
    fill(uuid4(), 1, 2)
    fault.append(ValueError("no shelf"))
    first, second = Delivery.objects.order_by("pk")
    assert services.deliver(first.pk) is False
    second.refresh_from_db()
    assert (second.attempts, second.done_at) == (0, None)
    fault.clear()
    assert services.deliver(second.pk) is True
    first.refresh_from_db()
    assert first.done_at is None  # it waits for its back-off, as it may have had its own reason to fail


@pytest.mark.django_db
@pytest.mark.usefixtures("per_shelf")
def test_run_leaves_what_another_worker_leased() -> None:
    fill(uuid4(), 1, 2)
    first, second = Delivery.objects.order_by("pk")
    Delivery.objects.filter(pk=second.pk).update(due_at=timezone.now() + services.LEASE, attempts=1)
    services.deliver(first.pk)
    second.refresh_from_db()
    assert second.done_at is None


@pytest.mark.django_db
def test_long_subject_is_stored_as_its_digest() -> None:
    services.subscribe(ShelfFilled, per=lambda _: "x" * 101)(note)
    fill(uuid4(), 1)
    services._subjects.clear()
    assert len(Delivery.objects.get().subject) == 64
