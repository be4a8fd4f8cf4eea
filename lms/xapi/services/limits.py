"""How much a credential may send in a minute."""

import threading
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from lms.xapi.errors import RateLimited
from lms.xapi.models import Credential, RateWindow

_SHARES = 20
_MINUTE = timedelta(minutes=1)
_lock = threading.Lock()
_left: dict[str, tuple[datetime, int]] = {}
_EXHAUSTED = -1
_MOST_COUNTED = 10_000


def charge(*, credential: Credential, amount: int, at: datetime) -> None:
    """Takes `amount` from the credential's limit for this minute. Raises RateLimited when there is not so much left.

    The limit holds over all processes: what is taken stands in the database. A process takes a share there (a
    twentieth of the limit) and then counts in memory, so 19 of 20 requests ask no database. What a process has left of
    its share at the end of the minute is lost, so a limit may hold a little early, never late.
    """
    limit = credential.rate_limit
    if limit is None or not amount:
        return
    minute = at.replace(second=0, microsecond=0)
    with _lock:
        since, left = _left.get(credential.key, (minute, 0))
        left = left if since == minute else 0
        if _EXHAUSTED < left < amount:
            left += _take(credential, minute, amount - left, limit)
        is_allowed = left >= amount
        if len(_left) >= _MOST_COUNTED:
            _left.clear()
        if is_allowed:
            left -= amount
        elif amount == 1:
            left = _EXHAUSTED  # until the minute is over: a flood asks no database either
        _left[credential.key] = (minute, left)
    if not is_allowed:
        raise RateLimited(max(1, int((minute + _MINUTE - at).total_seconds()) + 1))


def _take(credential: Credential, minute: datetime, least: int, limit: int) -> int:
    """Takes a share from the database, `least` at least; less when less is left. Returns how much."""
    window = RateWindow.objects.filter(credential=credential, minute=minute)
    for amount in (max(least, limit // _SHARES), least):
        if window.filter(taken__lte=limit - amount).update(taken=F("taken") + amount):
            return amount
        if amount <= limit and not window.exists():
            RateWindow.objects.filter(credential=credential, minute__lt=minute).delete()
            try:
                with transaction.atomic():
                    RateWindow.objects.create(credential=credential, minute=minute, taken=amount)
            except IntegrityError:  # another process was first
                continue
            return amount
    return 0
