"""What another version of the rules would have made of cases that were ruled on, from the facts written down then."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from lms.deals.engagement import Clause, Facts, Rules, rule
from lms.deals.models import DealMove
from lms.deals.rules_changes import ruling

# The newest ones: who weighs a draft waits for the page.
MOST_RULINGS = 1000


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A ruling that would be another one. `before` and `after` are the clauses, with what follows from them."""

    move: DealMove
    before: Clause
    after: Clause
    was: str
    would_be: str


@dataclass(frozen=True, kw_only=True)
class Replay:
    """`looked_at` rulings of the table were asked again; of `unknown` older ones the facts were not written down."""

    looked_at: int
    unknown: int
    different: tuple[Replayed, ...]


def replay_rulings(*, old: Rules, new: Rules) -> Replay:
    """The newest rulings, asked of both versions with the same facts. What people decided stays what it was: it stands
    in the move. Two queries.
    """
    rulings = DealMove.objects.rulings()
    known = rulings.filter(facts__isnull=False).select_related("deal__partner", "by").order_by("-at", "-pk")
    moves = list(known[:MOST_RULINGS])
    return Replay(
        looked_at=len(moves),
        unknown=rulings.filter(facts__isnull=True).count(),
        different=tuple(_different(moves, old, new)),
    )


def _different(moves: list[DealMove], old: Rules, new: Rules) -> Iterator[Replayed]:
    for move in moves:
        facts = _read(move.facts)
        before = rule(old, [one.under(old) for one in facts])
        after = rule(new, [one.under(new) for one in facts])
        was, would_be = ruling(before, old), ruling(after, new)
        if was != would_be:
            yield Replayed(move=move, before=before, after=after, was=was, would_be=would_be)


def _read(stored: Any) -> list[Facts]:
    """Facts as they were written down."""
    return [msgspec.convert(one, Facts) for one in stored]
