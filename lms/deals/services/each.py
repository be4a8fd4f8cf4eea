"""Many acts of the clock, each by itself."""

import logging
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar
from uuid import UUID


class _Named(Protocol):
    public_id: UUID


Row = TypeVar("Row", bound=_Named)
logger = logging.getLogger("laurel.deals")


def each(rows: Iterable[Row], act: Callable[[Row], bool]) -> int:
    """How many acts did something. Each is a transaction of its own: one that fails is logged and made the next time,
    the others are made now.
    """
    done = 0
    for row in rows:
        try:
            done += act(row)
        except Exception:
            logger.exception("%s %s is left to the next run", type(row).__name__.lower(), row.public_id)
    return done
