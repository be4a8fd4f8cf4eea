"""Forms of equal difficulty out of one pool of items. Pure.

Each section of each form gets its number of items; no two enemies meet in a form, cases stay whole, and two forms share
no more items than allowed. Within that the forms' sums of difficulties are brought together by exchanging items until
no single exchange helps, from several starts (the automated test assembly of van der Linden 2005 as a local search: a
mixed-integer solver would bring 20 MB of libraries for a page that is used once a year).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from random import Random

STARTS, ROUNDS = 12, 60
# With few items an exchange has few places to go, and a start costs next to nothing.
STARTS_OF_SMALL = 100_000


class NotEnough(Exception):
    """The pool cannot fill the forms. The message says which section, and what is missing."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What goes into a form as a whole: one item, or the items of a case. `difficulty` is the sum of its items'
    expected facilities."""

    items: tuple[int, ...]
    section: int
    difficulty: float

    @property
    def size(self) -> int:
        return len(self.items)


@dataclass
class _Forms:
    """A state of the search: which units each form has in each section."""

    units: list[Unit]
    counts: Mapping[int, int]
    enemies: Mapping[int, set[int]]
    number: int
    max_shared: int
    chosen: list[dict[int, list[Unit]]] = field(default_factory=list)

    def items(self, form: int, without: Unit | None = None) -> set[int]:
        return {
            item for units in self.chosen[form].values() for unit in units if unit is not without for item in unit.items
        }

    def fits(self, unit: Unit, form: int, without: Unit | None = None) -> bool:
        """Whether a unit may be in a form, in place of another."""
        inside = self.items(form, without)
        if inside & set(unit.items) or any(self.enemies.get(item, set()) & inside for item in unit.items):
            return False
        after = inside | set(unit.items)
        return all(len(after & self.items(other)) <= self.max_shared for other in range(self.number) if other != form)

    def sums(self) -> list[float]:
        return [sum(unit.difficulty for units in form.values() for unit in units) for form in self.chosen]

    def fill(self, rng: Random) -> None:
        """A start: sections in turn; the forms take turns to get a unit that fits, the least used and largest first."""
        self.chosen = [defaultdict(list) for _ in range(self.number)]
        for section, count in self.counts.items():
            pool = [unit for unit in self.units if unit.section == section]
            rng.shuffle(pool)
            uses: dict[Unit, int] = defaultdict(int)
            room = [count] * self.number
            while any(room):
                for form in (form for form, left in enumerate(room) if left):
                    unit = self._next(pool, uses, form, room[form])
                    if unit is None:
                        raise NotEnough(section)
                    self.chosen[form][section].append(unit)
                    uses[unit] += 1
                    room[form] -= unit.size

    def _next(self, pool: list[Unit], uses: Mapping[Unit, int], form: int, room: int) -> Unit | None:
        wanted = sorted(pool, key=lambda one: (uses[one], -one.size))
        return next((unit for unit in wanted if unit.size <= room and self.fits(unit, form)), None)

    def improve(self) -> None:
        """Exchanges units of a section between forms, or with unused ones, as long as the sums come nearer."""
        for _ in range(ROUNDS):
            if not self._exchange():
                return

    def _exchange(self) -> bool:
        sums = self.sums()
        target = sum(sums) / self.number
        order = sorted(range(self.number), key=lambda form: -abs(sums[form] - target))
        for form in order:
            best = self._best(form, sums, target)
            if best is not None:
                section, out, in_, other = best
                self.chosen[form][section].remove(out)
                self.chosen[form][section].append(in_)
                if other is not None:
                    self.chosen[other][section].remove(in_)
                    self.chosen[other][section].append(out)
                return True
        return False

    def _best(self, form: int, sums: list[float], target: float) -> tuple[int, Unit, Unit, int | None] | None:
        """The exchange that brings a form nearest to the others, and that may be made."""
        found: list[tuple[float, int, Unit, Unit, int | None]] = []
        for section, units in self.chosen[form].items():
            homes = {id(unit): other for other in range(self.number) for unit in self.chosen[other][section]}
            for out in units:
                for in_ in (unit for unit in self.units if unit.section == section and unit.size == out.size):
                    other = homes.get(id(in_))
                    gain = _gain(sums, target, form, other, in_.difficulty - out.difficulty)
                    if other != form and gain > 1e-12:
                        found.append((gain, section, out, in_, other))
        for _, section, out, in_, other in sorted(found, key=lambda one: -one[0]):
            if other is None and self.fits(in_, form, out):
                return section, out, in_, other
            if other is not None and self._swaps(form, other, out, in_):
                return section, out, in_, other
        return None

    def _swaps(self, form: int, other: int, out: Unit, in_: Unit) -> bool:
        """Whether two forms may exchange units: neither has the other's, and no enemies meet."""
        here, there = self.items(form, out), self.items(other, in_)
        return not (
            here & set(in_.items)
            or there & set(out.items)
            or any(self.enemies.get(item, set()) & here for item in in_.items)
            or any(self.enemies.get(item, set()) & there for item in out.items)
            or self.max_shared
        )


def _gain(sums: list[float], target: float, form: int, other: int | None, change: float) -> float:
    """How much nearer the sums come to the target, in squares."""
    gain = (sums[form] - target) ** 2 - (sums[form] + change - target) ** 2
    if other is not None:
        gain += (sums[other] - target) ** 2 - (sums[other] - change - target) ** 2
    return gain


def assemble(
    units: Sequence[Unit],
    counts: Mapping[int, int],
    *,
    forms: int,
    enemies: Mapping[int, set[int]] | None = None,
    max_shared: int = 0,
    seed: int = 1,
) -> list[dict[int, list[Unit]]]:
    """So many forms, as equal as the search finds: by form and section, the units. The same seed gives the same forms.

    Raises NotEnough when no start fills them.
    """
    rng, best, failed = Random(seed), None, None  # noqa: S311  nothing secret depends on it
    places = forms * sum(counts.values())
    for _ in range(max(STARTS, STARTS_OF_SMALL // max(places, 1) ** 2)):
        state = _Forms(units=list(units), counts=counts, enemies=enemies or {}, number=forms, max_shared=max_shared)
        try:
            state.fill(rng)
        except NotEnough as error:
            failed = error
            continue
        state.improve()
        spread = max(state.sums()) - min(state.sums())
        if best is None or spread < best[0] - 1e-12:
            best = (spread, state)
        if spread < 1e-9:
            break
    if best is None:
        raise failed or NotEnough(0)
    return [dict(form) for form in best[1].chosen]


def shared(forms: Sequence[set[int]]) -> int:
    """The most items that two of the forms have in common."""
    return max((len(one & other) for one, other in combinations(forms, 2)), default=0)
