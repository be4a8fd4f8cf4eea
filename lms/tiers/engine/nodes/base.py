"""What every rule is, what it looks at and what it finds."""

import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from lms.tiers.engine.facts import Entry, Facts, Held, Person
from lms.tiers.engine.formula import Formula
from lms.tiers.engine.nodes.demands import Demand, Fixed
from lms.tiers.engine.windows import Window

if TYPE_CHECKING:
    from lms.tiers.engine.nodes.reader import Reader
    from lms.tiers.engine.nodes.scorecard import Points, Scorecard


class State(StrEnum):
    """Whether a requirement holds. What depends on a fact nobody knows is neither met nor failed."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule found. `have` None: not known. `missing` says in words what is lacking, "" when met.

    `people` are the ids of all who count, `credentials` the references of what they count with, `measures` the names
    of the measures read, `entries` the references of the dated entries added up: with the facts beside it, each point
    can be traced to a row and a statement.
    """

    id: str
    label: str
    kind: str
    state: State
    need: Fraction
    have: Fraction | None
    unit: str = ""
    missing: str = ""
    people: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    parts: tuple["Finding", ...] = ()

    @property
    def is_met(self) -> bool:
        return self.state is State.MET


@dataclass(frozen=True, kw_only=True)
class Node(abc.ABC):
    """One rule of a document. `kind` is its key there, `beside` are the keys that stand next to it."""

    kind: ClassVar[str]
    beside: ClassVar[frozenset[str]] = frozenset()
    id: str
    label: str

    @classmethod
    @abc.abstractmethod
    def read(cls, reader: "Reader", members: Mapping[str, object], path: tuple[str | int, ...], id: str) -> "Node":  # noqa: A002
        """The rule from its mapping in the document. Notes problems on the reader instead of raising."""

    @property
    def wanted(self) -> frozenset[str]:
        """The credentials that help to meet it."""
        return frozenset()

    @property
    def inner(self) -> tuple["Node", ...]:
        """The rules that it is made of."""
        return ()

    def everything(self) -> Iterator["Node"]:
        """The rule and those inside it, however deep."""
        yield self
        for node in self.inner:
            yield from node.everything()

    @abc.abstractmethod
    def assess(self, context: "Context") -> Finding:
        """What the facts say about this rule."""

    def demand(self, context: "Context") -> Demand:
        """What certifications could do for it; by default nothing: it holds or it does not."""
        return Fixed(self.assess(context).is_met)


def _lasts(held: Held) -> tuple[bool, date, str]:
    return held.until is None, held.until or date.max, held.reference


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """An old credential that, for a time after it was earned, counts for the partner as another, never for a person."""

    held: str
    counts_as: str
    lasts: Window


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a programme says about credentials: the last day on which a retired one counts, how long one counts after
    it was earned, releases by the day they came out (oldest first), equivalences."""

    counts_until: Mapping[str, date] = field(default_factory=dict)
    lasts: Mapping[str, Window] = field(default_factory=dict)
    releases: Mapping[str, tuple[tuple[date | None, str], ...]] = field(default_factory=dict)
    equivalences: tuple[Equivalence, ...] = ()

    def counts(self, held: Held, on: date) -> bool:
        """Whether it counts on that day by its own dates and by what the programme says of its kind."""
        if not held.is_valid(on) or on > self.counts_until.get(held.code, date.max):
            return False
        lasts = self.lasts.get(held.code)
        return lasts is None or held.since is None or on <= lasts.after(held.since)

    def recent(self, name: str, count: int, on: date) -> frozenset[str]:
        """The credentials of the last so many releases that were out on that day."""
        out = [code for day, code in self.releases.get(name, ()) if day is None or day <= on]
        return frozenset(out[-count:])


Holders = dict[str, tuple[Held, ...]]


@dataclass
class Context:
    """The facts on a day as the rules ask for them. One per evaluation (and per track)."""

    facts: Facts
    on: date
    labels: Mapping[str, str]
    units: Mapping[str, str]
    formulas: Mapping[str, Formula]
    scores: Mapping[str, "Scorecard"]
    policy: Policy = field(default_factory=Policy)
    rates: Mapping[str, tuple[tuple[date, Fraction], ...]] = field(default_factory=dict)
    designations: Mapping[str, Callable[["Context"], bool]] = field(default_factory=dict)
    organisation_tiers: Mapping[str, str | None] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    track: str = ""
    best_track: str = ""

    def __post_init__(self) -> None:
        self.points: dict[str, tuple[Points, ...]] = {}
        self._holders: dict[tuple[frozenset[str], int], Holders] = {}
        people = self.facts.people
        self._people = (
            None
            if people is None
            else tuple(
                (person, self._best(person))
                for person in sorted(people, key=lambda person: person.id)
                if person.is_present(self.on)
            )
        )

        # Most people hold few of all credentials: looking them up by code is what makes an evaluation cheap.
        self._by_code: dict[str, list[int]] = {}
        for index, (_, best) in enumerate(self._people or ()):
            for code in best:
                self._by_code.setdefault(code, []).append(index)

    def _best(self, person: Person) -> dict[str, Held]:
        """What counts of a person's, by code: of several of one code the one that lasts longest."""
        best: dict[str, Held] = {}
        for held in person.held:
            if self.policy.counts(held, self.on):
                known = best.get(held.code)
                if known is None or _lasts(held) > _lasts(known):
                    best[held.code] = held
        return best

    def elsewhen(self, on: date) -> "Context":
        """The same facts on another day."""
        return self if on == self.on else replace(self, on=on)

    def measure(self, name: str) -> Fraction | None:
        """A given measure, or a derived one when all it is made of is known; None when not known."""
        given, formula = self.facts.measures.get(name), self.formulas.get(name)
        if given is not None and not self._gives_way(name):
            return given.value
        return None if formula is None else formula.value(self.term)

    def _gives_way(self, name: str) -> bool:
        return name in self.formulas and name in self.facts.imported

    def entries(self, name: str) -> tuple[Entry, ...] | None:
        """A series as it is known on the day; None when it is not."""
        series = None if self._gives_way(name) else self.facts.series.get(name)
        if series is None:
            return None
        known = tuple(entry for entry in series if entry.until is None or self.on <= entry.until)
        return known if known or name not in self.facts.imported else None

    def term(self, name: str) -> Fraction | str | list[Fraction] | None:
        """What a name in a formula stands for: a measure, a text, or the values of a series or a group."""
        number = self.measure(name)
        if number is not None:
            return number
        entries = self.entries(name)
        if entries is not None:
            return [entry.value for entry in entries]
        if name in self.facts.groups:
            return list(self.facts.groups[name].values())
        return self.facts.texts.get(name)

    def holders(self, codes: frozenset[str], *, each: int = 1) -> Holders | None:
        """Who holds at least `each` different ones of the codes today; None when people are not known.

        With each person those he counts with: of several of one code the one that lasts longest.
        """
        if self._people is None:
            return None
        found = self._holders.get((codes, each))
        if found is None:
            having: dict[int, list[Held]] = {}
            for code in sorted(codes):
                for index in self._by_code.get(code, ()):
                    having.setdefault(index, []).append(self._people[index][1][code])
            found = {
                self._people[index][0].id: tuple(having[index])
                for index in sorted(having)
                if len(having[index]) >= each
            }
            self._holders[codes, each] = found
        return found

    def equivalents(self, codes: frozenset[str]) -> dict[str, tuple[Held, ...]]:
        """By person, what of his counts for the partner (only) as one of the codes, though he does not hold it."""
        found: dict[str, tuple[Held, ...]] = {}
        if not self.policy.equivalences:
            return found
        for person in self.present:
            kept = [
                held
                for held in person.held
                for way in self.policy.equivalences
                if way.counts_as in codes and held.code == way.held and _is_equivalent(held, way, self.on)
            ]
            if kept:
                found[person.id] = tuple(kept)
        return found

    @property
    def present(self) -> tuple[Person, ...]:
        return tuple(person for person, _ in self._people or ())

    def words(self, name: str) -> str:
        """The label the document gives a credential or measure, else its name made readable."""
        return self.labels.get(name) or name.replace("_", " ")


def _is_equivalent(held: Held, way: Equivalence, on: date) -> bool:
    return held.since is not None and held.since <= on <= way.lasts.after(held.since)
