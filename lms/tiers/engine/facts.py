"""What is known about a partner: people and what they hold, measures, designations. Plain data that can be stored."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lms.tiers.engine.storage import Stored

if TYPE_CHECKING:
    from collections.abc import Mapping


def _covers(on: date, since: date | None, until: date | None) -> bool:
    return (since is None or since <= on) and (until is None or on <= until)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A credential in somebody's hands, from a day to a last day (None: open). `statements` are its evidence."""

    code: str
    since: date | None = None
    until: date | None = None
    reference: str = ""
    statements: tuple[str, ...] = ()

    def is_valid(self, on: date) -> bool:
        return _covers(on, self.since, self.until)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who works for the partner, from a day to a last day (None: open), and what counts there of his."""

    id: str
    held: tuple[Held, ...] = ()
    persona: str = ""
    since: date | None = None
    until: date | None = None

    def is_present(self, on: date) -> bool:
        return _covers(on, self.since, self.until)


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number, or a yes (1) or no (0), with where it comes from. `detail` says how it was made up, `references` name
    the rows it is made of: an import, deals."""

    value: Fraction
    source: str = ""
    as_of: str = ""
    detail: dict[str, str] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One number of a series, such as a sale. `on` None: the series has a value per period instead, oldest first.

    After its last day `until` (None: open) it is not known any more.
    """

    value: Fraction
    on: date | None = None
    reference: str = ""
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Span:
    """Something that was so from a day to a last day (None: still): a customer, a tier once held."""

    since: date
    until: date | None = None
    name: str = ""

    def covers(self, on: date) -> bool:
        return _covers(on, self.since, self.until)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A document or payment that a reviewer accepted or not; it counts from `since` to its last day `until`."""

    kind: str
    is_accepted: bool = True
    reviewer: str = ""
    since: date | None = None
    until: date | None = None
    reference: str = ""

    def counts(self, on: date) -> bool:
        return self.is_accepted and _covers(on, self.since, self.until)


@dataclass(frozen=True, kw_only=True)
class Facts(Stored):
    """Everything an evaluation may look at. `people` None means nobody counted them; an empty tuple, that nobody is.

    A measure that is not in `measures` is not known, which differs from zero and from no. The same holds for `series`
    (dated numbers), `groups` (a number per key, such as spend per product area), `spans`, `dates`, `texts`, `peers`
    (the same measure of everybody compared with) and `levels` (tiers held before, None: not known). `organisations`
    are the facts of countries or locations of the partner.

    `imported` names the measures and series that another system gave: they give way to what the rules work out
    themselves, and in theirs a window without an entry is not known, instead of zero. `payments` (None: told in
    `evidence`) are those of fees, also the ones that are over or were taken back: a fee of which there is none is not
    known.
    """

    people: tuple[Person, ...] | None = None
    measures: dict[str, Measure] = field(default_factory=dict)
    holds: frozenset[str] = frozenset()
    invited: frozenset[str] = frozenset()
    series: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    groups: dict[str, dict[str, Fraction]] = field(default_factory=dict)
    spans: dict[str, tuple[Span, ...]] = field(default_factory=dict)
    dates: dict[str, date] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    peers: dict[str, tuple[Fraction, ...]] = field(default_factory=dict)
    levels: tuple[Span, ...] | None = None
    evidence: tuple[Evidence, ...] | None = None
    payments: tuple[Evidence, ...] | None = None
    imported: frozenset[str] = frozenset()
    organisations: dict[str, "Facts"] = field(default_factory=dict)

    @classmethod
    def plain(cls, given: "Mapping[str, Any]") -> "Facts":
        """Facts as a programme's cases give them, see `lms.tiers.engine.plain`. Raises ValueError."""
        from lms.tiers.engine.plain import read_facts

        return read_facts(given)
