"""What a rule asks for, in the form the planner solves: only people and credentials can still be changed."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Fixed:
    """No certification changes it."""

    is_met: bool


@dataclass(frozen=True)
class Count:
    """At least `min` people who each hold `each` different ones of the codes; or so many credentials, not people."""

    codes: frozenset[str]
    min: int
    each: int = 1
    of_people: bool = True


@dataclass(frozen=True)
class Team:
    """So many people per kind of role, each kind with its codes. Unless shared, a person fills one kind only."""

    kinds: tuple[tuple[frozenset[str], int], ...]
    is_shared: bool


@dataclass(frozen=True)
class Need:
    """At least `n` of these."""

    n: int
    of: tuple["Demand", ...]


@dataclass(frozen=True)
class Line:
    """Points per person with one of the codes, up to a cap, and none at all before the gates hold."""

    codes: frozenset[str]
    each: Fraction
    cap: Fraction
    gates: tuple[Count, ...]


@dataclass(frozen=True)
class Points:
    """`base` points that are sure already, and the lines, together at least `min`."""

    base: Fraction
    lines: tuple[Line, ...]
    min: Fraction


Demand = Fixed | Count | Team | Need | Points
