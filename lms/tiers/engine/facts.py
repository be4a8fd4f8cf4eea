"""What is known about a partner: people and what they hold, measures, designations. Plain data that can be stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from lms.tiers.engine.numbers import exact
from lms.tiers.engine.storage import Stored


@dataclass(frozen=True, kw_only=True)
class Held:
    """A credential in somebody's hands, from a day to a last day (None: open). `statements` are its evidence."""

    code: str
    since: date | None = None
    until: date | None = None
    reference: str = ""
    statements: tuple[str, ...] = ()

    def is_valid(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who works for the partner, from a day to a last day (None: open), and what counts there of his."""

    id: str
    held: tuple[Held, ...] = ()
    persona: str = ""
    since: date | None = None
    until: date | None = None

    def is_present(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number, or a yes (1) or no (0), with where it comes from. `detail` says how it was made up."""

    value: Fraction
    source: str = ""
    as_of: str = ""
    detail: dict[str, str] = field(default_factory=dict)
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts(Stored):
    """Everything an evaluation may look at. `people` None means nobody counted them; an empty tuple, that nobody is.

    A measure that is not in `measures` is not known, which differs from zero and from no.
    """

    people: tuple[Person, ...] | None = None
    measures: dict[str, Measure] = field(default_factory=dict)
    holds: frozenset[str] = frozenset()
    invited: frozenset[str] = frozenset()

    @classmethod
    def plain(cls, given: Mapping[str, Any]) -> "Facts":
        """Facts as a programme's cases give them: `people` maps a person to codes, the rest is measures.

        Raises ValueError for a value that is neither a number nor yes or no.
        """
        people = given.get("people")
        return cls(
            people=None if people is None else tuple(_plain_person(name, codes) for name, codes in people.items()),
            measures={
                name: _plain_measure(name, value)
                for name, value in given.items()
                if name not in {"people", "holds", "invited"}
            },
            holds=frozenset(given.get("holds", ())),
            invited=frozenset(given.get("invited", ())),
        )


def _plain_person(name: str, codes: Any) -> Person:
    if not isinstance(codes, list):
        raise ValueError(f"{name} needs a list of credentials")
    return Person(id=str(name), held=tuple(Held(code=str(code)) for code in codes))


def _plain_measure(name: str, value: Any) -> Measure:
    number = Fraction(value) if isinstance(value, bool) else exact(value)
    if number is None:
        raise ValueError(f"{name} is neither a number nor yes or no")
    return Measure(value=number)
