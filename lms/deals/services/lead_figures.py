"""What became of the leads that were given. Reads only."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import OuterRef

from lms.deals.models import DealMove, LeadMove
from lms.deals.moves import State

_ANSWERS = ("accept", "decline")


@dataclass(kw_only=True)
class LeadFigures:
    """Of one partner, or of all, over the leads given in a period: how each offer ended, and how fast it was answered.

    `won` counts accepted leads whose deal was won before the end of the period.
    """

    name: str
    given: int = 0
    accepted: int = 0
    declined: int = 0
    expired: int = 0
    won: int = 0
    answers: list[timedelta] = field(default_factory=list)

    @property
    def median_answer(self) -> timedelta | None:
        """The median time from the offer to an answer; None without one."""
        if not self.answers:
            return None
        return timedelta(seconds=statistics.median(one.total_seconds() for one in self.answers))


def lead_figures(*, since: datetime, until: datetime) -> tuple[LeadFigures, list[LeadFigures]]:
    """All together, and each partner that was given one, most first. An offer counts for the partner it was made to,
    however often the lead was given before. One query.
    """
    moves = LeadMove.objects.filter(at__gte=since, at__lt=until).order_by("lead", "number")
    became = DealMove.objects.state_of(OuterRef("lead__deal"), until)
    rows = moves.values_list("lead", "move", "at", "partner__name", became)
    total, by_partner = LeadFigures(name="All partners"), defaultdict[str, LeadFigures](lambda: LeadFigures(name=""))
    given_at: dict[int, datetime] = {}
    for lead, move, at, partner, deal_state in rows:
        if move in ("give", "give_again"):
            given_at[lead] = at
        elif lead not in given_at:  # offered before the period
            continue
        by_partner[partner].name = partner
        for one in (total, by_partner[partner]):
            _count(one, move, at - given_at[lead], deal_state)
    return total, sorted(by_partner.values(), key=lambda one: (-one.given, one.name))


def _count(figures: LeadFigures, move: str, waited: timedelta, deal_state: str | None) -> None:
    if move in ("give", "give_again"):
        figures.given += 1
    elif move == "accept":
        figures.accepted += 1
        figures.won += deal_state == State.WON
    elif move == "decline":
        figures.declined += 1
    elif move == "expire":
        figures.expired += 1
    if move in _ANSWERS:
        figures.answers.append(waited)
