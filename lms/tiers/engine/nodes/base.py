"""What every rule is, what it looks at and what it finds."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar

from lms.tiers.engine.facts import Facts, Held, Person
from lms.tiers.engine.formula import Formula

if TYPE_CHECKING:
    from lms.tiers.engine.nodes.reader import Reader
    from lms.tiers.engine.nodes.scorecard import Scorecard


class State(StrEnum):
    """Whether a requirement holds. What depends on a fact nobody knows is neither met nor failed."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one rule found. `have` None: not known. `missing` says in words what is lacking, "" when met.

    `people` are the ids of all who count, `credentials` the references of what they count with, `measures` the names
    of the measures read: with the facts beside it, each point can be traced to a row and a statement.
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

    @abc.abstractmethod
    def assess(self, context: "Context") -> Finding:
        """What the facts say about this rule."""


def _lasts(held: Held) -> tuple[bool, date, str]:
    return held.until is None, held.until or date.max, held.reference


@dataclass
class Context:
    """The facts on a day as the rules ask for them. One per evaluation (and per track)."""

    facts: Facts
    on: date
    labels: Mapping[str, str]
    units: Mapping[str, str]
    formulas: Mapping[str, Formula]
    scores: Mapping[str, "Scorecard"]
    designations: Mapping[str, Callable[["Context"], bool]] = field(default_factory=dict)
    track: str = ""
    best_track: str = ""

    def __post_init__(self) -> None:
        people = self.facts.people
        self._people = (
            None
            if people is None
            else tuple(
                (person, tuple(held for held in person.held if held.is_valid(self.on)))
                for person in sorted(people, key=lambda person: person.id)
                if person.is_present(self.on)
            )
        )

    def measure(self, name: str) -> Fraction | None:
        """A given measure, or a derived one when all it is made of is known; None when not known."""
        given = self.facts.measures.get(name)
        if given is not None:
            return given.value
        formula = self.formulas.get(name)
        return None if formula is None else formula.value(self.measure)

    def holders(self, codes: frozenset[str], *, each: int = 1) -> dict[str, tuple[Held, ...]] | None:
        """Who holds at least `each` different ones of the codes today; None when people are not known.

        With each person those he counts with: of several of one code the one that lasts longest.
        """
        if self._people is None:
            return None
        found: dict[str, tuple[Held, ...]] = {}
        for person, valid in self._people:
            best: dict[str, Held] = {}
            for credential in sorted(valid, key=_lasts, reverse=True):
                if credential.code in codes:
                    best.setdefault(credential.code, credential)
            if len(best) >= each:
                found[person.id] = tuple(best[code] for code in sorted(best))
        return found

    @property
    def present(self) -> tuple[Person, ...]:
        return tuple(person for person, _ in self._people or ())

    def words(self, name: str) -> str:
        """The label the document gives a credential or measure, else its name made readable."""
        return self.labels.get(name) or name.replace("_", " ")
