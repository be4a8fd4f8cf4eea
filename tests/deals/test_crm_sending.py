"""What CRM systems are told: signed, in order, at least once, and only of what is theirs."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from lms.common import webhooks
from lms.common.outgoing import ForbiddenAddress
from lms.deals import services, tasks
from lms.deals.crm import MessageType
from lms.deals.models import CrmMessage, CrmReceipt, CrmSystem, Deal
from lms.deals.services import crm_sending
from lms.events.services import drain
from lms.partners.models import Partner
from tests.deals.factories import channel_manager, head_of_channel, house, move, register
from tests.deals.inbox import Inbox, open_inbox

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    settings.OUTGOING_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    with open_inbox() as found:
        yield found


def crm(at: datetime, name: str = "Sales", **changes: Any) -> tuple[CrmSystem, services.Secrets]:
    fields = {"address": "https://crm.example/hook", "partner": None, "events": MessageType.values}
    return services.add_crm(name=name, by=head_of_channel(f"Head {name}"), at=at, **(fields | changes))


def registered(at: datetime, name: str = "Kestrel") -> Deal:
    deal = register(house(name), at, customer_name=f"Acme {name}", customer_domain="")
    drain()
    return deal


def again(system: CrmSystem, at: datetime) -> services.Sent:
    """A run once the back-off is over."""
    CrmSystem.objects.filter(pk=system.pk).update(next_try_at=at)
    return services.send_messages(system=system, at=at)


def test_message_is_signed_and_says_what_happened(inbox: Inbox, now: datetime) -> None:
    """SSRF-05."""
    _, secrets = crm(now, address=inbox.url)
    deal = registered(now)
    sent = services.send_due(at=now)
    assert (sent["Sales"].delivered, len(inbox.taken)) == (1, 1)
    headers, body = inbox.taken[0]
    key = webhooks.read_secret(secrets.outgoing)
    message = CrmMessage.objects.get()
    assert webhooks.verify([key], sent=headers, body=body, at=now).id == str(message.public_id)
    told = json.loads(body)
    assert (told["type"], told["data"]["id"], told["data"]["external_id"]) == (
        "deal.registered",
        str(deal.public_id),
        None,
    )
    assert (told["data"]["value"], told["data"]["close_month"]) == ("48000.000", f"{now:%Y-%m}")
    assert told["data"]["move"]["to"] == "submitted"
    assert (message.delivered_at is not None, services.send_due(at=now)) == (True, {})


def test_messages_go_in_order_and_once_per_fact(inbox: Inbox, now: datetime) -> None:
    crm(now, address=inbox.url)
    deal = registered(now)
    move(deal, "approve", channel_manager(), now)
    drain()
    services.send_due(at=now)
    assert [json.loads(body)["data"]["move"]["name"] for _, body in inbox.taken] == ["submit", "approve"]


def test_partner_s_system_hears_of_its_own_deals_only(now: datetime) -> None:
    """SSRF-07."""
    ours = registered(now, "Aster")
    other, _ = crm(now, "Theirs", partner=Partner.objects.get(name="Aster"))
    mine, _ = crm(now, "All")
    move(ours, "approve", channel_manager(), now)
    foreign = registered(now, "Birch")
    drain()
    assert {message.deal for message in other.messages.all()} == {ours}
    assert {message.deal for message in mine.messages.all()} == {ours, foreign}


def test_system_hears_what_it_asked_for(now: datetime) -> None:
    system, _ = crm(now, events=["deal.moved"])
    deal = registered(now)
    crm(now, "Silent", address="")
    move(deal, "approve", channel_manager(), now)
    drain()
    assert [message.type for message in CrmMessage.objects.all()] == ["deal.moved"]
    assert system.messages.count() == 1


def test_failure_keeps_order_and_comes_back_later(inbox: Inbox, now: datetime) -> None:
    """SSRF-06."""
    system, _ = crm(now, address=inbox.url)
    deal = registered(now)
    move(deal, "approve", channel_manager(), now)
    drain()
    inbox.answers = [503]
    inbox.headers = {"Retry-After": "600"}
    assert services.send_messages(system=system, at=now).problem == "It answered 503."
    system.refresh_from_db()
    assert (system.failures, system.next_try_at >= now + 10 * MINUTE, len(inbox.taken)) == (1, True, 1)
    assert services.send_due(at=now + MINUTE) == {}
    assert services.send_due(at=now + 20 * MINUTE)["Sales"].delivered == 2
    ids = [headers["webhook-id"] for headers, _ in inbox.taken]
    assert (ids[0], len(set(ids))) == (ids[1], 2)
    system.refresh_from_db()
    assert (system.failures, system.last_error) == (0, "")


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422])
def test_refused_message_holds_up_nobody_and_can_be_sent_again(inbox: Inbox, now: datetime, status: int) -> None:
    system, _ = crm(now, address=inbox.url)
    deal = registered(now)
    move(deal, "approve", channel_manager(), now)
    drain()
    inbox.answers = [status]
    sent = services.send_messages(system=system, at=now)
    assert (sent.delivered, sent.buried) == (0, 1)
    system.refresh_from_db()
    assert (system.failures, system.last_success_at) == (1, None)
    assert system.last_error == f"It answered {status}. A message was set aside."
    assert again(system, now + MINUTE).delivered == 1
    dead = system.messages.buried().get()
    assert dead.reason == f"It answered {status}."
    by = head_of_channel("Replayer")
    assert services.replay_messages(system=system, by=by, at=now) == 1
    assert services.replay_messages(system=system, by=by, at=now) == 0
    assert again(system, now + MINUTE).delivered == 1
    assert inbox.taken[0][0]["webhook-id"] == inbox.taken[-1][0]["webhook-id"]


def test_delivered_message_is_sent_again_on_request(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    services.send_messages(system=system, at=now)
    message = system.messages.get()
    by = head_of_channel("Replayer")
    assert services.replay_messages(system=system, by=by, at=now, message_id=uuid4()) == 0
    assert services.replay_messages(system=system, by=by, at=now, message_id=message.public_id) == 1
    services.send_messages(system=system, at=now)
    assert len(inbox.taken) == 2


def test_message_that_breaks_the_other_side_is_given_up(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    inbox.answers = [500] * crm_sending.MOST_TRIES
    for number in range(crm_sending.MOST_TRIES - 1):
        assert again(system, now + number * MINUTE).problem == "It answered 500."
    assert again(system, now + 60 * MINUTE).buried == 1
    system.refresh_from_db()
    assert (system.failures, system.last_success_at) == (crm_sending.MOST_TRIES, None)


def test_system_that_refuses_everything_is_paused(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    registered(now, "Birch")
    CrmSystem.objects.update(failures=crm_sending.MOST_FAILURES - 1)
    inbox.answers = [422, 422]
    assert again(system, now).buried == 1
    system.refresh_from_db()
    assert system.paused_because == "It took nothing in 80 tries. It answered 422. A message was set aside."
    assert system.messages.waiting().count() == 1


@pytest.mark.parametrize("status", [301, 401, 404, 429])
def test_other_answers_are_the_system_s_fault(inbox: Inbox, now: datetime, status: int) -> None:
    """SSRF-02: a redirect is not followed."""
    system, _ = crm(now, address=inbox.url)
    registered(now)
    inbox.answers = [status]
    inbox.headers = {"Location": inbox.url, "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert services.send_messages(system=system, at=now).problem == f"It answered {status}."
    assert (len(inbox.taken), system.messages.waiting().count()) == (1, 1)


def test_a_wait_of_five_thousand_digits_is_the_longest_wait(inbox: Inbox, now: datetime) -> None:
    """Else the run would end with an error, and nobody after it would be told anything."""
    system, _ = crm(now, address=inbox.url)
    registered(now)
    inbox.answers = [503]
    inbox.headers = {"Retry-After": "9" * 5000}
    assert services.send_messages(system=system, at=now).problem == "It answered 503."
    system.refresh_from_db()
    assert system.failures == 1


def test_error_nobody_thought_of_is_a_failure_of_its_system_alone(
    inbox: Inbox, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, _ = crm(now, "Broken", address=inbox.url)
    crm(now, "Whole", address=inbox.url)
    registered(now)
    sealed = broken.sealed_secret
    real = crm_sending.keys_of

    def keys_of(system: CrmSystem, *rest: Any) -> list[bytes]:
        if system.pk == broken.pk:
            raise RuntimeError(f"{sealed} cannot be read")
        return real(system, *rest)

    monkeypatch.setattr(crm_sending, "keys_of", keys_of)
    sent = services.send_due(at=now)
    assert (sent["Broken"].delivered, sent["Whole"].delivered) == (0, 1)
    broken.refresh_from_db()
    assert broken.last_error == "Sending broke off with an error of ours (RuntimeError); the log says more."
    assert (broken.failures, broken.next_try_at > now, broken.leased_until) == (1, True, None)
    CrmSystem.objects.filter(pk=broken.pk).update(failures=crm_sending.MOST_FAILURES - 1)
    again(broken, now + MINUTE)
    broken.refresh_from_db()
    assert "took nothing in 80 tries" in broken.paused_because


def test_failure_that_cannot_be_written_down_stops_nobody_else(
    inbox: Inbox, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("First", "Second"):
        crm(now, name, address=inbox.url)
    registered(now)
    real = crm_sending.send_messages

    def send_messages(*, system: CrmSystem, at: datetime) -> services.Sent:
        if system.name == "First":
            raise OSError("the database is away")
        return real(system=system, at=at)

    monkeypatch.setattr(crm_sending, "send_messages", send_messages)
    assert services.send_due(at=now)["Second"].delivered == 1


def test_gone_pauses_with_words_and_tells_the_portal_managers(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    mail.outbox.clear()
    inbox.answers = [410]
    services.send_messages(system=system, at=now)
    drain()
    system.refresh_from_db()
    assert system.paused_because == "It answered 410: it wants no messages any more."
    assert [letter.subject for letter in mail.outbox] == ["Sales is not told of deals any more"]
    assert services.send_due(at=now + MINUTE) == {}
    services.resume_crm(system=system, by=head_of_channel("R"), at=now)
    assert services.send_messages(system=system, at=now).delivered == 1


def test_system_that_takes_nothing_for_days_is_paused_and_loses_nothing(now: datetime) -> None:
    system, _ = crm(now, address="https://127.0.0.1:1/hook")
    registered(now)
    CrmSystem.objects.update(failures=crm_sending.MOST_FAILURES - 1)
    again(system, now)
    system.refresh_from_db()
    assert "took nothing in 80 tries" in system.paused_because
    assert system.messages.waiting().count() == 1


def test_letter_is_not_written_once_it_runs_again(now: datetime) -> None:
    from lms.deals.events import CrmPaused
    from lms.deals.handlers import send_crm_letter

    system, _ = crm(now)
    send_crm_letter(CrmPaused(at=now, system_id=system.public_id))
    assert mail.outbox == []


@pytest.mark.parametrize("address", ["http://169.254.169.254/", "https://[::1]/", "https://10.0.0.1/"])
def test_private_addresses_are_refused_at_the_door_or_on_connecting(now: datetime, address: str) -> None:
    """SSRF-01."""
    system, _ = crm(now, address=address)
    registered(now)
    assert "The host leads to" in services.send_messages(system=system, at=now).problem


@pytest.mark.parametrize("address", ["file:///etc/passwd", "gopher://x/", "https://user@crm.example/", "crm"])
def test_address_of_another_form_is_refused(now: datetime, address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        crm(now, address=address)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " "}, "needs a name"),
        ({"events": ["deal.eaten"]}, "no messages"),
        ({"address": f"https://crm.example/{'a' * 500}"}, "more than 500"),
        ({"name": "Taken"}, "named Taken already"),
    ],
)
def test_system_that_cannot_be(now: datetime, changes: dict[str, Any], words: str) -> None:
    crm(now, "Taken")
    with pytest.raises(services.BadSystem, match=words):
        crm(now, **({"name": "New"} | changes))


def test_secret_is_sealed_and_changed_without_a_gap(inbox: Inbox, now: datetime) -> None:
    """SSRF-05."""
    system, first = crm(now, address=inbox.url)
    assert first.outgoing != first.incoming
    assert first.outgoing[6:] not in system.sealed_secret
    second = services.rotate_secret(system=system, by=head_of_channel("R"), at=now)
    registered(now)
    services.send_messages(system=system, at=now)
    headers, body = inbox.taken[0]
    for secrets in (first, second):
        assert webhooks.verify([webhooks.read_secret(secrets.outgoing)], sent=headers, body=body, at=now)
    deal = Deal.objects.get()
    move(deal, "approve", channel_manager(), now)
    drain()
    later = now + timedelta(hours=24)
    again(system, later)
    headers, body = inbox.taken[1]
    assert webhooks.verify([webhooks.read_secret(second.outgoing)], sent=headers, body=body, at=later)
    with pytest.raises(webhooks.BadSignature):
        webhooks.verify([webhooks.read_secret(first.outgoing)], sent=headers, body=body, at=later)


def test_paused_system_gets_later_what_happened_meanwhile(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    by = head_of_channel("R")
    services.pause_crm(system=system, by=by, at=now)
    services.pause_crm(system=system, by=by, at=now + MINUTE)
    registered(now)
    assert (services.send_due(at=now), services.send_messages(system=system, at=now).delivered) == ({}, 0)
    services.resume_crm(system=system, by=by, at=now)
    assert tasks.send_to_crm() == 1


def test_only_one_worker_speaks_to_a_system(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    CrmSystem.objects.update(leased_until=now + MINUTE)
    assert services.send_messages(system=system, at=now).problem.startswith("It is paused, waits")
    assert inbox.taken == []


def test_run_ends_with_its_time(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    assert services.send_messages(system=system, at=now, seconds=0).delivered == 0


def test_removed_system_is_forgotten(now: datetime) -> None:
    system, _ = crm(now)
    registered(now)
    services.remove_crm(system=system, by=head_of_channel("R"), at=now)
    assert (CrmSystem.objects.count(), CrmMessage.objects.count(), Deal.objects.count()) == (0, 0, 1)


def test_old_messages_are_forgotten(inbox: Inbox, now: datetime) -> None:
    system, _ = crm(now, address=inbox.url)
    registered(now)
    services.send_messages(system=system, at=now)
    CrmReceipt.objects.create(system=system, message_id="a", digest="b", received_at=now)
    assert services.forget_messages(at=now + timedelta(days=30)) == 0
    assert services.forget_messages(at=now + timedelta(days=31)) == 2


@pytest.mark.parametrize(
    "changes", [{"paused_because": "x"}, {"sealed_old_secret": "x"}, {"old_secret_until": datetime.max}]
)
def test_database_refuses_half_a_state(now: datetime, changes: dict[str, Any]) -> None:
    crm(now)
    if "old_secret_until" in changes:
        changes = {"old_secret_until": now}
    with pytest.raises(IntegrityError), transaction.atomic():
        CrmSystem.objects.update(**changes)
