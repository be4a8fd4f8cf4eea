"""From what the facts reach to the tier the partner holds: promotion and demotion as the programme says."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from lms.tiers.engine.document import Programme
from lms.tiers.engine.evaluation import Evaluation
from lms.tiers.engine.storage import Stored
from lms.tiers.engine.terms import Demotion, Promotion


@dataclass(frozen=True, kw_only=True)
class Standing(Stored):
    """Where the partner stood before: his tier, since when it is only being kept, and since when he holds it.

    `ended` is a tier that a person decided to end: it is not kept, whatever the lifecycle says. `granted` is a tier
    that a person lets the partner hold until `granted_until`, by a cure plan or an appeal, whatever it reaches.
    `earlier` is the tier that he held when the rules in force took the place of others, `earlier_until` the end of one
    that was only kept then.
    """

    tier: str | None = None
    kept_since: datetime | None = None
    since: datetime | None = None
    ended: str | None = None
    granted: str | None = None
    granted_until: datetime | None = None
    earlier: str | None = None
    earlier_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Ruling(Stored):
    """The tier held from now on. `kept_since` and `kept_until` are set while it is kept though no longer reached;
    `kept_until` None then: until a person decides. `due_on`: the day by which the next tier must be reached.
    `is_granted`: a person let the partner hold it. `kept_by`: "migration" when it is kept from earlier rules."""

    tier: str | None
    kept_since: datetime | None = None
    kept_until: datetime | None = None
    due_on: date | None = None
    is_granted: bool = False
    kept_by: str = ""


def rule(programme: Programme, evaluation: Evaluation, standing: Standing, at: datetime) -> Ruling:
    """Applies the programme's lifecycle. A tier that the programme no longer has is not kept."""
    ruling = _retained(programme, _rule(programme, evaluation, standing, at), standing, at)
    ruling = _granted(programme, ruling, standing, at)
    held = next((tier for tier in programme.tiers if tier.id == ruling.tier), None)
    if held is None or held.max_stay is None:
        return ruling
    since = standing.since if standing.tier == ruling.tier and standing.since is not None else at
    return replace(ruling, due_on=held.max_stay.after(since.date()))


def _retained(programme: Programme, ruling: Ruling, standing: Standing, at: datetime) -> Ruling:
    """The tier that the migration map keeps for who held its predecessor, until the last day without loss."""
    order = [tier.id for tier in programme.tiers]
    move = programme.migration
    retained = None if move is None else move.retained(standing.earlier)
    if move is None or retained not in order:
        return ruling
    until = move.ends_at if standing.earlier_until is None else min(move.ends_at, standing.earlier_until)
    if at >= until:
        return ruling
    if ruling.tier in order and order.index(ruling.tier) >= order.index(retained):
        return ruling
    return Ruling(tier=retained, kept_since=standing.kept_since or at, kept_until=until, kept_by="migration")


def _granted(programme: Programme, ruling: Ruling, standing: Standing, at: datetime) -> Ruling:
    """What a person granted, while it lasts and where it is more than what the rules give."""
    order = [tier.id for tier in programme.tiers]
    if standing.granted not in order or standing.granted_until is None or at >= standing.granted_until:
        return ruling
    given = -1 if ruling.tier is None else order.index(ruling.tier)
    wanted = order.index(standing.granted)
    if given > wanted or (given == wanted and ruling.kept_since is None):
        return ruling
    until = standing.granted_until
    if given == wanted and ruling.kept_until is None:
        return ruling  # kept until a person decides is longer
    if given == wanted and ruling.kept_until is not None and ruling.kept_until > until:
        return ruling
    since = ruling.kept_since or standing.kept_since or at
    return Ruling(tier=standing.granted, kept_since=since, kept_until=until, is_granted=True)


def _rule(programme: Programme, evaluation: Evaluation, standing: Standing, at: datetime) -> Ruling:
    order = [tier.id for tier in programme.tiers]
    if standing.tier not in order:
        return Ruling(tier=evaluation.tier)
    held = order.index(standing.tier)
    reached = -1 if evaluation.tier is None else order.index(evaluation.tier)
    if reached > held + 1 and programme.lifecycle.promotion is Promotion.STEPWISE:
        return Ruling(tier=order[held + 1])
    if reached >= held or programme.lifecycle.demotion is Demotion.IMMEDIATE or standing.ended == standing.tier:
        return Ruling(tier=evaluation.tier)
    since = standing.kept_since or at
    until = programme.lifecycle.kept_until(since, standing.since)
    if until is not None and at >= until:
        return Ruling(tier=evaluation.tier)
    return Ruling(tier=standing.tier, kept_since=since, kept_until=until)
