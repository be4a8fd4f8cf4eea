"""What costs time to make and is the same for many, kept for a while. A cache that is down costs time, never a page."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

T = TypeVar("T")

log = logging.getLogger(__name__)


def kept(key: str, seconds: int, make: Callable[[], T]) -> T:
    """What `make` made for this key in the last `seconds`, else made now. Never None, which a cache cannot tell from
    nothing. The key names all that the value depends on: person or audience, language, version."""
    try:
        found: T | None = cache.get(key)
    except Exception as error:
        log.warning("The cache does not answer: %s", type(error).__name__)
        return make()
    if found is None:
        found = make()
        try:
            cache.set(key, found, seconds)
        except Exception as error:
            log.warning("The cache does not answer: %s", type(error).__name__)
    return found
