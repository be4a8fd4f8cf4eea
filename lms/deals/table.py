"""Things that go from state to state by somebody's move: the moves as a table, which services, pages and the database
read. What a move needs beside its states is its own class's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet


class Side(StrEnum):
    """Whose move it is. The platform moves by rules and by the clock."""

    PARTNER = "partner"
    VENDOR = "vendor"
    PLATFORM = "platform"


@dataclass(frozen=True, kw_only=True)
class Step:
    """From any of `origins` to `target`, by one of `sides`. Without origins it is how a thing begins."""

    name: str
    origins: frozenset[str]
    target: str
    sides: frozenset[Side]


AnyStep = TypeVar("AnyStep", bound=Step)
Row = TypeVar("Row", bound=Model)


def sides_of(words: str) -> frozenset[Side]:
    """ "partner vendor" """
    return frozenset(Side(one) for one in words.split())


def by_name(table: Iterable[AnyStep]) -> dict[str, AnyStep]:
    return {step.name: step for step in table}


def steps_from(table: Iterable[AnyStep], state: str, side: Side) -> Iterator[AnyStep]:
    """What this side may do with a thing in this state, in the order of the table."""
    return (step for step in table if state in step.origins and side in step.sides)


def legal_steps(table: Iterable[Step]) -> Q:
    """The table as a condition on a row of the log, for the database."""
    allowed = Q()
    for step in table:
        origins = sorted(step.origins) or [""]
        allowed |= Q(move=step.name, from_state__in=origins, to_state=step.target)
    return allowed


def advance(rows: QuerySet[Row], row: Any, step: Step, **changes: object) -> bool:
    """Puts a row into the step's target, by one conditional UPDATE, and reads it again. False, and nothing is changed,
    when the row is not, or no longer, where the step starts.
    """
    if row.state not in step.origins:
        return False
    if rows.filter(pk=row.pk, state=row.state).update(state=step.target, **changes) != 1:
        return False
    row.refresh_from_db()
    return True
