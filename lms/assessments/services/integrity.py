"""The timeline of an attempt: what happened, signed, for a person to judge. Nothing here decides anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from lms.assessments.errors import NoSuchItem
from lms.assessments.models import Attempt, AttemptEvent
from lms.assessments.services.entry import Visit

_SALT = "assessments.events"
MAX_EVENTS = 2000
MAX_AT_ONCE = 50


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event as a browser tells it: its kind, the question it was on, and how many seconds it lasted or is old."""

    kind: str
    item: int = 0
    seconds: int = 0


def _sign(event: AttemptEvent, before: str, secret: str) -> str:
    told = msgspec.json.encode(
        [event.attempt_id, event.number, event.kind, event.at.isoformat(), event.detail, before], order="sorted"
    )
    return salted_hmac(_SALT, told, secret=secret, algorithm="sha256").hexdigest()


@transaction.atomic
def record_event(*, attempt: Attempt, kind: str, at: datetime, detail: dict[str, Any] | None = None) -> None:
    """Writes one event at the end of the attempt's timeline. Locks the attempt, which keeps the events in one row."""
    _append(attempt, [(kind, detail or {})], at)


def _append(attempt: Attempt, events: Sequence[tuple[str, dict[str, Any]]], at: datetime) -> None:
    Attempt.objects.select_for_update(of=("self",)).only("pk").get(pk=attempt.pk)
    last = AttemptEvent.objects.filter(attempt=attempt).order_by("-number").first()
    number, before = (last.number, last.signature) if last else (0, "")
    rows = []
    for kind, detail in events:
        number += 1
        event = AttemptEvent(attempt=attempt, number=number, kind=kind, at=at, detail=detail)
        event.signature = before = _sign(event, before, settings.SECRET_KEY)
        rows.append(event)
    AttemptEvent.objects.bulk_create(rows)


@transaction.atomic
def tell_events(*, attempt: Attempt, told: Iterable[Told], at: datetime) -> int:
    """Writes down what a browser tells of an attempt that is not handed in. Returns how many were written.

    A browser tells only what browsers see; anything else raises NoSuchItem. At most 50 at once and 2000 in all: a
    browser that talks too much fills no disk.
    """
    told = list(told)[:MAX_AT_ONCE]
    if any(one.kind not in AttemptEvent.BY_BROWSER for one in told):
        raise NoSuchItem("This is nothing that a browser tells of an exam.")
    if attempt.submitted_at is not None or not told or attempt.events.count() >= MAX_EVENTS:
        return 0
    details = [
        {name: value for name, value in (("item", one.item), ("seconds", one.seconds)) if value > 0} for one in told
    ]
    _append(attempt, [(one.kind, detail) for one, detail in zip(told, details, strict=True)], at)
    return len(told)


def note_visit(*, attempt: Attempt, visit: Visit, at: datetime) -> None:
    """Writes down when a running attempt goes on from another network or in another browser."""
    if attempt.submitted_at is not None or (attempt.seen_network, attempt.seen_agent) == (visit.network, visit.agent):
        return
    with transaction.atomic():
        _append(attempt, _changes(attempt, visit), at)
        Attempt.objects.filter(pk=attempt.pk).update(seen_network=visit.network, seen_agent=visit.agent)
    attempt.seen_network, attempt.seen_agent = visit.network, visit.agent


def _changes(attempt: Attempt, visit: Visit) -> list[tuple[str, dict[str, Any]]]:
    changes: list[tuple[str, dict[str, Any]]] = []
    if attempt.seen_network and attempt.seen_network != visit.network:
        moved = {"from": attempt.seen_network, "to": visit.network}
        changes.append((AttemptEvent.Kind.NETWORK_CHANGED, moved))
    if attempt.seen_agent and attempt.seen_agent != visit.agent:
        changes.append((AttemptEvent.Kind.AGENT_CHANGED, {}))
    return changes


def broken_event(events: Sequence[AttemptEvent]) -> AttemptEvent | None:
    """The first event of a timeline, in its order, whose signature does not hold; None when all do.

    It was changed, or one before it was changed, put in or taken out.
    """
    before = ""
    for number, event in enumerate(events, start=1):
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        if event.number != number or not any(
            constant_time_compare(event.signature, _sign(event, before, secret)) for secret in secrets
        ):
            return event
        before = event.signature
    return None
