"""Emit inside the transaction, deliver at least once, each delivery in one transaction with its handler's work."""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from lms.celery import app
from lms.events.events import Event
from lms.events.models import Delivery, Message

E = TypeVar("E", bound=Event)
Handler = Callable[[E], None]
logger = logging.getLogger("laurel.events")

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 8
_BACKOFF_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200)

_handlers: dict[str, dict[str, Handler[Any]]] = {}
_subjects: dict[str, Callable[[Any], object]] = {}
_local = threading.local()


def subscribe(event_class: type[E], *, per: Callable[[E], object] | None = None) -> Callable[[Handler[E]], Handler[E]]:
    """Registers a handler for an event. A handler is idempotent: it recomputes from the truth, never increments.

    It is called as `handler(event)` in a transaction of its own, at least once per message. `per` names what of the
    event it recomputes (a partner, a registration): of the messages that wait for the same one, it is called with the
    latest, once.
    """

    def register(handler: Handler[E]) -> Handler[E]:
        name = f"{handler.__module__}.{handler.__qualname__}"
        _handlers.setdefault(event_class.type, {})[name] = handler
        if per is not None:
            _subjects[name] = per
        return handler

    return register


def is_awaited(event_class: type[Event]) -> bool:
    """Whether anything is subscribed to it: if not, emitting it writes nothing."""
    return event_class.type in _handlers


def emit(*events: Event) -> None:
    """Writes messages and one delivery per handler in the current transaction; nudges delivery when it commits.

    Raises TransactionManagementError outside a transaction: an event without the fact it tells of is a lie.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("emit() belongs inside the transaction of the fact it tells of")
    awaited = [event for event in events if event.type in _handlers]
    messages = Message.objects.bulk_create(Message(type=event.type, payload=event.payload()) for event in awaited)
    deliveries = Delivery.objects.bulk_create(
        Delivery(message=message, handler=name, subject=_subject(name, event))
        for message, event in zip(messages, awaited, strict=True)
        for name in _handlers[event.type]
    )
    if deliveries:
        ids = [delivery.pk for delivery in deliveries]
        transaction.on_commit(lambda: _nudge(ids), robust=True)


def _subject(handler: str, event: Event) -> str:
    """What the handler recomputes, in 100 characters; empty where every message is a run of its own."""
    per = _subjects.get(handler)
    subject = str(per(event)) if per is not None else ""
    return subject if len(subject) <= 100 else hashlib.sha256(subject.encode()).hexdigest()


def _nudge(ids: Iterable[int]) -> None:
    """Has the deliveries tried soon: by a worker where there is a broker, else here and now."""
    if settings.HAS_BROKER:
        try:
            app.send_task("lms.events.tasks.deliver_messages", [list(ids)])
        except Exception as error:  # the broker is down: beat sweeps later, the request goes on
            logger.warning("broker unavailable, left to the sweep: %s", type(error).__name__)
        return
    queue: list[int] = getattr(_local, "queue", [])
    _local.queue = queue
    queue.extend(ids)
    if getattr(_local, "is_draining", False) or getattr(_local, "is_held", False):
        return  # the loop below, further up the stack, takes them
    _drain_queue()


def _drain_queue() -> None:
    """Delivers what this thread has queued, and what that causes in turn."""
    _local.is_draining = True
    try:
        queue: list[int] = getattr(_local, "queue", [])
        while queue:
            deliver(queue.pop(0))
    finally:
        _local.is_draining = False


@contextmanager
def hold() -> Iterator[None]:
    """In-process deliveries wait until the end of the block. For bulk work such as building the demo."""
    _local.is_held = True
    try:
        yield
    finally:
        _local.is_held = False
        _drain_queue()


def deliver(delivery_id: int) -> bool:
    """Runs one delivery. Returns whether it is done now; False when it was not due, is leased, or failed.

    The lease is taken by one conditional UPDATE, so two workers never run the same delivery at once; the handler's
    work and `done_at` commit together, so it is done exactly once however often it is tried. Others that are due for
    the same subject are done with it: they are locked before the handler looks, so their facts are committed and seen.
    """
    now = timezone.now()
    leased = Delivery.objects.due(now).filter(pk=delivery_id).update(due_at=now + LEASE, attempts=F("attempts") + 1)
    if leased != 1:
        return False
    delivery = Delivery.objects.select_related("message").get(pk=delivery_id)
    try:
        with transaction.atomic():
            others = Delivery.objects.due(now).like(delivery).select_related("message").order_by("pk")
            together = [delivery, *others.select_for_update(of=("self",), skip_locked=True)]
            events = [Event.load(one.message.type, one.message.payload) for one in together]
            _handlers[delivery.message.type][delivery.handler](max(events, key=lambda event: event.at))
            done = Delivery.objects.filter(pk__in=[one.pk for one in together], done_at=None)
            done.update(done_at=timezone.now(), last_error="")
    except Exception as error:
        _record_failure(delivery, error)
        return False
    return True


def _record_failure(delivery: Delivery, error: Exception) -> None:
    """Back-off for the next try, or given up for a person to see."""
    logger.exception("handler %s failed on %s", delivery.handler, delivery.message.type, exc_info=error)
    now = timezone.now()
    changes: dict[str, object] = {"last_error": f"{type(error).__name__}: {error}"[:2000].replace("\x00", "")}
    if delivery.attempts >= MAX_ATTEMPTS:
        changes["failed_at"] = now
    else:
        changes["due_at"] = now + timedelta(seconds=_BACKOFF_SECONDS[delivery.attempts - 1])
    Delivery.objects.filter(pk=delivery.pk, done_at=None).update(**changes)


def sweep(*, limit: int = 500) -> int:
    """Delivers what is due and was missed (a killed worker, a broker that was down). Returns how many got done."""
    due = Delivery.objects.due(timezone.now()).order_by("due_at", "pk").values_list("pk", flat=True)[:limit]
    return sum(deliver(pk) for pk in list(due))


def drain(*, limit: int = 100_000) -> int:
    """Sweeps until nothing is due: after bulk work, and in tests. Returns how many deliveries got done."""
    total = 0
    while total < limit:
        done = sweep()
        total += done
        if not done:
            break
    getattr(_local, "queue", []).clear()  # what this thread had queued is done, or due later
    return total
