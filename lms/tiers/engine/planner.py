"""What is missing for a tier, and the cheapest way: the smallest set of (person, certification) that reaches it.

An integer programme, solved exactly by HiGHS (SciPy): the fewest certifications, and of those sets the one with the
least training time. Where the time allowed is too short, the best set found and a bound that no set can beat.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import floor

from lms.tiers.engine.document import Programme
from lms.tiers.engine.evaluation import context_of
from lms.tiers.engine.facts import Facts, Held
from lms.tiers.engine.integers import Model
from lms.tiers.engine.nodes.base import Context, Finding, Node
from lms.tiers.engine.nodes.demands import Count, Demand, Fixed, Line, Need, Points, Team

SECONDS = 2.0
Minutes = Callable[[str, str], int | None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A person earns a certification, in so many minutes of training and exam."""

    person: str
    code: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a tier is reached. `blockers` are requirements that no certification changes; the steps meet all others.

    `is_exact`: no smaller set exists. Otherwise none with less than `bound` certifications does; `steps` is None when
    no set was found in time.
    """

    tier: str
    steps: tuple[Step, ...] | None
    blockers: tuple[Finding, ...]
    is_exact: bool
    bound: int

    @property
    def minutes(self) -> int:
        return sum(step.minutes for step in self.steps or ())


def with_credentials(facts: Facts, pairs: Iterable[tuple[str, str]], on: date) -> Facts:
    """The facts as if these people (by id) had earned these credentials on that day. Unknown people are left out."""
    more: dict[str, list[str]] = {}
    for person, code in pairs:
        more.setdefault(person, []).append(code)
    people = tuple(
        replace(one, held=(*one.held, *(Held(code=code, since=on) for code in sorted(more[one.id]))))
        if one.id in more
        else one
        for one in facts.people or ()
    )
    return replace(facts, people=None if facts.people is None else people)


def plan(
    programme: Programme,
    facts: Facts,
    at: date | datetime,
    *,
    tier: str,
    minutes: Minutes,
    track: str = "",
    seconds: float = SECONDS,
) -> Plan:
    """The cheapest way from the facts to `tier`. `minutes` says how long a person needs for a certification, None for
    one that is not open to him. Raises ValueError for a tier the programme does not have."""
    on = at.date() if isinstance(at, datetime) else at
    rules = programme.in_force(on)
    nodes = _requirements(rules, tier)
    context = context_of(rules, facts, on, track)
    demands = [(node, node.demand(context)) for node in nodes]
    codes = frozenset(code for _, demand in demands for code in _codes(demand))
    open_ = {
        (person.id, code): cost
        for person in context.present
        for code in sorted(codes)
        if not _has(context, person.id, code) and (cost := minutes(person.id, code)) is not None
    }
    ideal = context_of(rules, with_credentials(facts, open_, on), on, track)
    blockers = tuple(finding for finding in (node.assess(ideal) for node in nodes) if not finding.is_met)
    blocked = {finding.id for finding in blockers}
    wanted = [demand for node, demand in demands if node.id not in blocked]
    steps, is_exact, bound = _solve(context, wanted, open_, seconds)
    return Plan(tier=tier, steps=steps, blockers=_as_found(blockers, nodes, context), is_exact=is_exact, bound=bound)


def _requirements(programme: Programme, tier: str) -> list[Node]:
    """All that the tier asks for; with a cumulative programme, the tiers below too."""
    order = [one.id for one in programme.tiers]
    if tier not in order:
        raise ValueError(f"{programme.id} has no tier {tier}")
    first = 0 if programme.is_cumulative else order.index(tier)
    return [node for one in programme.tiers[first : order.index(tier) + 1] for node in one.requirements]


def _as_found(blockers: tuple[Finding, ...], nodes: list[Node], context: Context) -> tuple[Finding, ...]:
    """The blockers as they stand today, not as they would with everybody certified."""
    blocked = {finding.id for finding in blockers}
    return tuple(node.assess(context) for node in nodes if node.id in blocked)


def _has(context: Context, person: str, code: str) -> bool:
    return person in (context.holders(frozenset({code})) or {})


def _codes(demand: Demand) -> frozenset[str]:
    match demand:
        case Count(codes=codes):
            return codes
        case Team(kinds=kinds):
            return frozenset().union(*(codes for codes, _ in kinds))
        case Need(of=of):
            return frozenset().union(*(_codes(one) for one in of))
        case Points(lines=lines):
            gates = (gate.codes for line in lines for gate in line.gates)
            return frozenset().union(*(line.codes for line in lines), *gates)
    return frozenset()


def _solve(
    context: Context, demands: list[Demand], open_: dict[tuple[str, str], int], seconds: float
) -> tuple[tuple[Step, ...] | None, bool, int]:
    """(steps or None, whether no smaller set exists, a number of steps that none can do without)."""
    total = sum(open_.values()) + 1
    builder = _Builder(context, {pair: 1 + cost / total for pair, cost in open_.items()})
    for demand in demands:
        builder.add(demand, None)
    answer = builder.model.solve(seconds)
    bound = max(floor(answer.bound + 1e-6), 0)
    if answer.values is None:
        return None, False, bound
    chosen = [pair for pair, variable in builder.earned.items() if answer.values[variable] > 0.5]
    steps = tuple(Step(person=person, code=code, minutes=open_[person, code]) for person, code in sorted(chosen))
    return steps, answer.is_optimal, len(steps) if answer.is_optimal else bound


class _Builder:
    """Demands as linear constraints. `active` is a switch: the demand holds where it is 1; None: always."""

    def __init__(self, context: Context, costs: dict[tuple[str, str], float]) -> None:
        self.context, self.model = context, Model()
        self.earned = {pair: self.model.switch(cost) for pair, cost in costs.items()}
        self.people = [person.id for person in context.present]
        self._counts: dict[tuple[frozenset[str], int], tuple[dict[int, float], int]] = {}

    def add(self, demand: Demand, active: int | None) -> None:
        match demand:
            case Fixed(is_met=False):
                self._at_least({}, 1, active)
            case Count(of_people=True):
                terms, sure = self._counted(demand.codes, demand.each)
                self._at_least(terms, demand.min - sure, active)
            case Count():
                self._at_least(self._new(demand.codes), demand.min - self._held(demand.codes), active)
            case Team():
                self._team(demand, active)
            case Need(n=n, of=of) if n == len(of):
                for one in of:
                    self.add(one, active)
            case Need(n=n, of=of):
                switches = [self.model.switch() for _ in of]
                for one, switch in zip(of, switches, strict=True):
                    self.add(one, switch)
                self._at_least(dict.fromkeys(switches, 1.0), n, active)
            case Points():
                self._points(demand, active)

    def _at_least(self, terms: dict[int, float], need: float, active: int | None) -> None:
        if need > 0 and active is not None:
            self.model.at_least({**terms, active: terms.get(active, 0.0) - need}, 0)
        elif need > 0:
            self.model.at_least(terms, need)

    def _holders(self, codes: frozenset[str], each: int = 1) -> frozenset[str]:
        return frozenset(self.context.holders(codes, each=each) or {})

    def _held(self, codes: frozenset[str]) -> int:
        return sum(len(kept) for kept in (self.context.holders(codes) or {}).values())

    def _new(self, codes: frozenset[str], person: str | None = None) -> dict[int, float]:
        """What could still be earned of the codes, by anybody or by one person."""
        if person is None:
            return {variable: 1.0 for (_, code), variable in self.earned.items() if code in codes}
        pairs = ((person, code) for code in codes)
        return {self.earned[pair]: 1.0 for pair in sorted(pairs) if pair in self.earned}

    def _counted(self, codes: frozenset[str], each: int) -> tuple[dict[int, float], int]:
        """(a switch per person who could come to count, how many count already)."""
        known = self._counts.get((codes, each))
        if known is None:
            sure, terms = self._holders(codes, each), dict[int, float]()
            for person in self.people:
                new = self._new(codes, person)
                held = len((self.context.holders(codes) or {}).get(person, ()))
                if person not in sure and held + len(new) >= each:
                    counts = self.model.switch()
                    self.model.at_least({**new, counts: -float(each)}, -held)
                    terms[counts] = 1.0
            known = self._counts[codes, each] = terms, len(sure)
        return known

    def _team(self, demand: Team, active: int | None) -> None:
        places: dict[str, list[int]] = {}
        for codes, need in demand.kinds:
            filled: dict[int, float] = {}
            holders = self._holders(codes)
            for person in self.people:
                new = self._new(codes, person)
                if person in holders or new:
                    fills = self.model.switch()
                    filled[fills] = 1.0
                    places.setdefault(person, []).append(fills)
                    if person not in holders:
                        self.model.at_least({**new, fills: -1.0}, 0)
            self._at_least(filled, need, active)
        if not demand.is_shared:
            for fills_of_one in places.values():
                self.model.at_least(dict.fromkeys(fills_of_one, -1.0), -1)

    def _points(self, demand: Points, active: int | None) -> None:
        total = {self._line(line): 1.0 for line in demand.lines}
        self._at_least(total, float(demand.min - demand.base), active)

    def _line(self, line: Line) -> int:
        """A variable for the points of a line: not above what people bring, and none while a gate is shut."""
        terms, sure = self._counted(line.codes, 1)
        each, cap = float(line.each), float(min(line.cap, line.each * len(self.people)))
        points = self.model.amount(cap)
        self.model.at_least({**dict.fromkeys(terms, each), points: -1.0}, -each * sure)
        for gate in line.gates:
            is_open = self.model.switch()
            self.add(gate, is_open)
            self.model.at_least({is_open: cap, points: -1.0}, 0)
        return points
