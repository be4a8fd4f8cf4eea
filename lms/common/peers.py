"""Other systems that we send to or fetch from: how the last tries went, and the lease under which one worker at a time
speaks to one. Shared by record stores (lms.xapi) and CRM systems (lms.deals)."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lms.common.models import PublicIdModel

_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 3600.0
LEASE = timedelta(minutes=5)

P = TypeVar("P", bound="Peer")


class PeerQuerySet(models.QuerySet[P]):
    """Shared by all kinds of peers."""

    def due(self, at: datetime) -> Self:
        """Not paused, past the back-off, and nobody is at it."""
        return self.filter(paused_at=None, next_try_at__lte=at).filter(Q(leased_until=None) | Q(leased_until__lte=at))


class Peer(PublicIdModel):
    """Another system, and how the last tries to speak to it went.

    `leased_until` is held by the one worker that speaks to it, so order is kept; a worker that died loses it.
    """

    name = models.CharField(max_length=100, unique=True)
    sealed_secret = models.TextField(help_text="Readable with this site's SECRET_KEY only")
    created_at = models.DateTimeField(default=timezone.now)
    paused_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row; the back-off grows with them")
    last_error = models.CharField(max_length=500, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class LeaseLost(Exception):
    """Another worker has the peer now, or it was paused, replayed or removed meanwhile. What it does is right."""


class Lease:
    """The right to speak to one peer. `save` writes only while it holds, and prolongs it."""

    def __init__(self, peer: Peer, at: datetime) -> None:
        self._peer = peer
        self._at, self._began = at, time.monotonic()
        self._until = at + LEASE
        self._rows: PeerQuerySet[Any] = type(peer)._default_manager.filter(pk=peer.pk)  # type: ignore[assignment]

    @property
    def now(self) -> datetime:
        """The clock of the run: `at` and the time that went by since."""
        return self._at + timedelta(seconds=time.monotonic() - self._began)

    def take(self) -> bool:
        """By one conditional update; false when somebody else has it or the peer is not due."""
        return self._rows.due(self._at).update(leased_until=self._until) == 1

    def save(self, **changes: object) -> None:
        """Raises LeaseLost, and has written nothing then."""
        until = self.now + LEASE
        if not self._rows.filter(leased_until=self._until, paused_at=None).update(leased_until=until, **changes):
            raise LeaseLost
        self._until = until
        for name, value in changes.items():
            setattr(self._peer, name, value)

    def give_back(self, **changes: object) -> None:
        self._rows.filter(leased_until=self._until).update(leased_until=None, **changes)


@contextmanager
def leased(peer: Peer, at: datetime) -> Iterator[Lease | None]:
    """Holds the lease for the block; None when it cannot be had. A lease that is lost ends the block quietly."""
    lease = Lease(peer, at)
    if not lease.take():
        yield None
        return
    try:
        peer.refresh_from_db()
        yield lease
    except LeaseLost:
        pass
    finally:
        lease.give_back()


def note_failure(lease: Lease, peer: Peer, message: str, retry_after: int = 0) -> datetime:
    """The back-off: 5 seconds, doubled with every failure in a row up to an hour, of which a random half is taken
    away so that many do not come back at once; never sooner than the other side asked for. Returns the next try."""
    pause = min(_FIRST_PAUSE * 2 ** min(peer.failures, 12), _LONGEST_PAUSE)
    pause = max(pause * random.uniform(0.5, 1), retry_after)  # noqa: S311  spreads load, guards nothing
    next_try_at = lease.now + timedelta(seconds=pause)
    lease.save(failures=min(peer.failures + 1, 1000), last_error=message[:500], next_try_at=next_try_at)
    return next_try_at
