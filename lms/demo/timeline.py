"""Actions in order of time; an action may add later ones."""

import heapq
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from lms.common.errors import DomainError

logger = logging.getLogger("laurel.demo")

Action = Callable[[datetime], object]


@dataclass
class Timeline:
    """What will happen until `end`; what is planned for later does not happen."""

    end: datetime
    _heap: list[tuple[datetime, int, Action]] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=count)

    def add(self, at: datetime, action: Action) -> None:
        if at < self.end:
            heapq.heappush(self._heap, (at, next(self._number), action))

    def before(self, until: datetime) -> Iterator[tuple[datetime, Action]]:
        """The actions before `until`, earliest first, with those that they add."""
        while self._heap and self._heap[0][0] < until:
            at, _, action = heapq.heappop(self._heap)
            yield at, action


def told_when_refused(action: Action) -> Action:
    """For what is a script and no person's luck: who builds the demo hears of an act that the services refuse."""

    def act(at: datetime) -> None:
        try:
            action(at)
        except DomainError as error:
            logger.warning("an act of the demo was refused on %s: %s", at.date(), error.message)
            raise

    return act
