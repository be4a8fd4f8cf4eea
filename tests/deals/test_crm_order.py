"""Messages of one deal reach a system in the order in which things happened, however many workers there are."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from lms.deals import services
from lms.deals.models import CrmMessage, CrmSystem, Deal, DealChange
from lms.deals.services import steps
from lms.events.models import Delivery
from lms.events.services import deliver, drain
from tests.deals.factories import approved, channel_manager, house, move, register, rules
from tests.deals.inbox import Inbox, open_inbox
from tests.deals.test_crm_receiving import body_of, of, tell
from tests.deals.test_crm_sending import crm
from tests.partners.test_races import at_once

MINUTE = timedelta(minutes=1)


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    settings.OUTGOING_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    with open_inbox() as found:
        yield found


@pytest.mark.django_db
def test_order_is_that_of_the_facts_in_whatever_order_the_outbox_is_worked_on(inbox: Inbox, now: datetime) -> None:
    crm(now, address=inbox.url)
    deal = register(house(), now)
    for name in ("take", "approve"):
        move(deal, name, channel_manager(name), now)
    for number in Delivery.objects.order_by("-pk").values_list("pk", flat=True):
        deliver(number)
    services.send_due(at=now)
    assert [json.loads(body)["data"]["move"]["name"] for _, body in inbox.taken] == ["submit", "take", "approve"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_workers_send_in_order_while_two_others_change_the_deal(inbox: Inbox, now: datetime) -> None:
    """Each message once, and those of the deal in the order of its changes."""
    rules()
    writers = [crm(now, f"Writer {number}", address="") for number in range(2)]
    listener, _ = crm(now, "Listener", address=inbox.url)
    deal = approved(house(), now)
    drain()
    done = threading.Event()

    def write(pair: tuple[CrmSystem, services.Secrets], first: int) -> None:
        for number in range(first, first + 12, 2):
            said = (now - MINUTE + timedelta(seconds=number)).isoformat()
            tell(pair, body_of(now, id=of(deal), changed_at=said, fields={"next_step": f"Step {number}"}), now)

    def write_all() -> None:
        try:
            errors.extend(at_once(*(partial(write, pair, number) for number, pair in enumerate(writers))))
        finally:
            done.set()

    def send() -> None:
        while not done.is_set() or listener.messages.waiting().exists():
            services.send_due(at=now)

    errors: list[str] = []
    assert at_once(write_all, send, send) == []
    assert errors == []
    ids = [headers["webhook-id"] for headers, _ in inbox.taken]
    assert ids == [str(one) for one in CrmMessage.objects.order_by("pk").values_list("public_id", flat=True)]
    bodies = [json.loads(body)["data"] for _, body in inbox.taken]
    told = [body["change"]["after"] for body in bodies if "change" in body]
    assert told == list(DealChange.objects.order_by("pk").values_list("after", flat=True))
    assert told[-1] == Deal.objects.get().next_step


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_next_move_is_not_queued_before_the_first_is_committed(now: datetime, monkeypatch: Any) -> None:
    """The approval waits for whoever holds the deal, so its message has the higher key and is never seen alone."""
    rules()
    crm(now)
    deal = register(house(), now)
    queue, held = steps.queue_move, threading.Event()

    def slow(**fact: Any) -> None:
        queue(**fact)
        if fact["move"].move == "take":
            held.set()
            approving.start()
            approving.join(1)  # it must wait: this transaction is still open
            seen.append(CrmMessage.objects.filter(cause__endswith=":3").count())

    seen: list[int] = []
    errors: list[str] = []

    def approve() -> None:
        errors.extend(at_once(lambda: move(deal, "approve", second, now)))

    first, second = channel_manager("One"), channel_manager("Two")
    approving = threading.Thread(target=approve)
    monkeypatch.setattr(steps, "queue_move", slow)
    move(deal, "take", first, now)
    approving.join(30)
    assert (errors, seen, held.is_set()) == ([], [0], True)
    bodies = CrmMessage.objects.order_by("pk").values_list("body", flat=True)
    assert [json.loads(body)["data"]["move"]["name"] for body in bodies] == ["submit", "take", "approve"]
