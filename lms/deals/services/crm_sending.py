"""Telling CRM systems of deals: in order, each message at least once, under an id that makes a second time harmless."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from lms.common import webhooks
from lms.common.outgoing import Answer, ForbiddenAddress, Outgoing, Unreachable
from lms.common.peers import Lease, LeaseLost, leased, note_failure
from lms.common.sealing import BrokenSeal
from lms.deals.crm import Direction
from lms.deals.events import CrmPaused
from lms.deals.models import CrmMessage, CrmReceipt, CrmSystem
from lms.deals.services.crm_systems import keys_of
from lms.events.services import emit

RUN_SECONDS = 60.0
ALL_RUNS_SECONDS = 240.0
BATCH = 100
# A message that the other side fails at so often is given up, so that it does not hold up the rest.
MOST_TRIES = 8
# Failures in a row, of about an hour each in the end, after which a person is asked: three days.
MOST_FAILURES = 80
MAX_ANSWER = 100_000
KEPT_DAYS = 30
_LONGEST_WAIT = 3600
_GONE = 410
_REFUSED = frozenset({400, 409, 413, 415, 422})
_BUSY = frozenset({502, 503, 504})
logger = logging.getLogger("laurel.deals")


@dataclass(kw_only=True)
class Sent:
    """What one run did. `problem` says why it ended early, also for a message that was buried."""

    delivered: int = 0
    buried: int = 0
    problem: str = ""


class _Failed(Exception):
    """The system as a whole does not do its part now."""

    def __init__(self, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _Buried(Exception):
    """A message was given up; the next one goes on after the back-off."""


class _Gone(Exception):
    """The system wants nothing more."""


_EXPECTED = (_Failed, _Buried, Unreachable, ForbiddenAddress, BrokenSeal)


def send_due(*, at: datetime) -> dict[str, Sent]:
    """One run for every system that is due and for which something waits, by name, for at most about four minutes in
    all. One that fails, whatever the error, does not hold up the others.
    """
    began, results = time.monotonic(), dict[str, Sent]()
    waiting = CrmMessage.objects.waiting().values("system")
    for system in CrmSystem.objects.due(at).filter(pk__in=waiting).exclude(address="").order_by("next_try_at", "pk"):
        gone = time.monotonic() - began
        if gone < ALL_RUNS_SECONDS:
            results[system.name] = _send_safely(system, at + timedelta(seconds=gone))
    return results


def _send_safely(system: CrmSystem, at: datetime) -> Sent:
    """Also where the failure itself could not be written down: then the lease runs out, and a later run tries again."""
    try:
        return send_messages(system=system, at=at)
    except Exception as error:
        logger.exception("sending to %s broke off", system.name)
        return Sent(problem=_words(error))


def send_messages(*, system: CrmSystem, at: datetime, seconds: float = RUN_SECONDS) -> Sent:
    """Sends what waits, oldest first, for at most about `seconds`. Raises nothing for what goes wrong in sending: an
    error that nobody thought of is a failure of the system too, written down and tried again.

    2xx is delivered. 400, 409, 413, 415 and 422 refuse the message for good, and an error of the server does at the
    eighth try: it is buried with the reason. 410 pauses the system. Everything else, also a redirect, is a failure of
    the system: the same message is tried again after a back-off. A buried message is a failure as well, and the next
    one goes on after the back-off: a system that refuses all it is sent is soon asked seldom, not stripped of
    everything that waits. A system that takes nothing for days is paused; nothing is lost.
    """
    result, ends = Sent(), time.monotonic() + seconds
    with leased(system, at) as lease:
        if lease is None:
            result.problem = "It is paused, waits for its next try, or another worker is at it."
            return result
        try:
            with Outgoing() as http:
                _run(http, system, lease, result, ends)
        except _Gone:
            _pause(system, lease, "It answered 410: it wants no messages any more.")
        except LeaseLost:
            raise  # `leased` ends the block: who has it now is right
        except Exception as error:
            _fail(system, lease, result, error)
    return result


def _fail(system: CrmSystem, lease: Lease, result: Sent, error: Exception) -> None:
    """The back-off, and after days of it the pause."""
    result.problem = _words(error)
    if isinstance(error, _EXPECTED):
        logger.warning("sending to %s failed: %s", system.name, type(error).__name__)
    else:
        logger.error("sending to %s broke off", system.name, exc_info=error)
    note_failure(lease, system, result.problem, getattr(error, "retry_after", 0))
    if system.failures >= MOST_FAILURES:
        _pause(system, lease, f"It took nothing in {system.failures} tries. {result.problem}")


def _words(error: Exception) -> str:
    """What people read. The words of an error that nobody thought of may hold a secret: its name alone is shown."""
    if isinstance(error, _EXPECTED):
        return str(error)
    return f"Sending broke off with an error of ours ({type(error).__name__}); the log says more."


def _run(http: Outgoing, system: CrmSystem, lease: Lease, result: Sent, ends: float) -> None:
    while time.monotonic() < ends:
        messages = list(system.messages.waiting().order_by("pk")[:BATCH])
        if not messages:
            return
        for message in messages:
            if time.monotonic() >= ends:
                return
            lease.save()
            _send(http, system, message, lease, result)


def _send(http: Outgoing, system: CrmSystem, message: CrmMessage, lease: Lease, result: Sent) -> None:
    body = message.body.encode()
    keys = keys_of(system, Direction.OUT, lease.now)
    headers = webhooks.headers(keys, id_=str(message.public_id), at=lease.now, body=body)
    headers["Content-Type"] = "application/json"
    answer = http.send("POST", system.address, headers=headers, content=body, max_bytes=MAX_ANSWER)
    if 200 <= answer.status < 300:
        _deliver(message, lease)
        result.delivered += 1
        return
    if answer.status == _GONE:
        raise _Gone
    reason = f"It answered {answer.status}."
    if answer.status in _REFUSED or (_is_error(answer) and message.tries + 1 >= MOST_TRIES):
        _bury(message, lease, reason)
        result.buried += 1
        raise _Buried(f"{reason} A message was set aside.")
    if _is_error(answer):
        CrmMessage.objects.filter(pk=message.pk).update(tries=message.tries + 1, reason=reason)
    raise _Failed(reason, _wait(answer))


def _is_error(answer: Answer) -> bool:
    """An error that may be the message's: not that the other side is busy."""
    return answer.status >= 500 and answer.status not in _BUSY


def _wait(answer: Answer) -> int:
    """The seconds that the other side asks for; 0 where it says none, or a date."""
    seconds = answer.headers.get("retry-after", "")
    if not (seconds.isascii() and seconds.isdigit()):
        return 0
    return min(int(seconds), _LONGEST_WAIT) if len(seconds) <= len(str(_LONGEST_WAIT)) else _LONGEST_WAIT


@transaction.atomic
def _deliver(message: CrmMessage, lease: Lease) -> None:
    """Both or nothing: who lost the lease has delivered nothing."""
    CrmMessage.objects.filter(pk=message.pk).update(delivered_at=lease.now, tries=message.tries + 1, reason="")
    lease.save(failures=0, last_error="", last_success_at=lease.now)


@transaction.atomic
def _bury(message: CrmMessage, lease: Lease, reason: str) -> None:
    """The message alone: how the system does is written down by the failure that follows."""
    CrmMessage.objects.filter(pk=message.pk).update(buried_at=lease.now, tries=message.tries + 1, reason=reason)
    lease.save()


@transaction.atomic
def _pause(system: CrmSystem, lease: Lease, words: str) -> None:
    lease.save(paused_at=lease.now, paused_because=words[:500])
    emit(CrmPaused(at=lease.now, system_id=system.public_id))


def forget_messages(*, at: datetime) -> int:
    """Forgets what was delivered or received more than 30 days ago. Ids of that age are refused by their timestamp
    unless they are signed anew. Returns how many.
    """
    old = at - timedelta(days=KEPT_DAYS)
    sent, _ = CrmMessage.objects.filter(delivered_at__lt=old).delete()
    received, _ = CrmReceipt.objects.filter(received_at__lt=old).delete()
    return sent + received
