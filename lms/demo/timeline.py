"""Actions in order of time; an action may add later ones."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

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
