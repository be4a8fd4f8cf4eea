"""How often one network may look up certificates: enough for people, too little for counting through ids."""

import threading
from datetime import datetime

from django.core.cache import cache

LOOK_UPS_PER_MINUTE = 30

_lock = threading.Lock()
_own_counts: dict[str, int] = {}


def seconds_to_wait(network: str, at: datetime) -> int:
    """Counts one look-up from `network`. 0 when it may go on, else how long to wait.

    Counted in the cache; when the cache is down, in this process: the limit never falls away.
    """
    minute = int(at.timestamp()) // 60
    key = f"certifications.look_ups:{network}:{minute}"
    try:
        cache.add(key, 0, timeout=120)
        count = cache.incr(key)
    except Exception:  # whatever a cache backend raises when it is down, or when the key was evicted in between
        count = _count_here(key, f":{minute}")
    return 0 if count <= LOOK_UPS_PER_MINUTE else 60 - int(at.timestamp()) % 60


def _count_here(key: str, suffix: str) -> int:
    with _lock:
        for old in [one for one in _own_counts if not one.endswith(suffix)]:
            del _own_counts[old]
        _own_counts[key] = _own_counts.get(key, 0) + 1
        return _own_counts[key]
