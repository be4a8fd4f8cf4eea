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

    `ended` is a tier that a person decided to end: it is not kept, whatever the lifecycle says.
    """

    tier: str | None = None
    kept_since: datetime | None = None
    since: datetime | None = None
    ended: str | None = None


@dataclass(frozen=True, kw_only=True)
class Ruling(Stored):
    """The tier held from now on. `kept_since` and `kept_until` are set while it is kept though no longer reached;
    `kept_until` None then: until a person decides. `due_on`: the day by which the next tier must be reached."""

    tier: str | None
    kept_since: datetime | None = None
    kept_until: datetime | None = None
    due_on: date | None = None


def rule(programme: Programme, evaluation: Evaluation, standing: Standing, at: datetime) -> Ruling:
    """Applies the programme's lifecycle. A tier that the programme no longer has is not kept."""
    ruling = _rule(programme, evaluation, standing, at)
    held = next((tier for tier in programme.tiers if tier.id == ruling.tier), None)
    if held is None or held.max_stay is None:
        return ruling
    since = standing.since if standing.tier == ruling.tier and standing.since is not None else at
    return replace(ruling, due_on=held.max_stay.after(since.date()))


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
