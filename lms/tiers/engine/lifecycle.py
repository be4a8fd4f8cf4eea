"""From what the facts reach to the tier the partner holds: promotion at once, demotion as the programme says."""

from dataclasses import dataclass
from datetime import datetime

from lms.tiers.engine.document import Demotion, Programme
from lms.tiers.engine.evaluation import Evaluation
from lms.tiers.engine.storage import Stored


@dataclass(frozen=True, kw_only=True)
class Standing(Stored):
    """Where the partner stood before: his tier, and since when it is only being kept."""

    tier: str | None = None
    kept_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Ruling(Stored):
    """The tier held from now on. `kept_since` and `kept_until` are set while it is kept though no longer reached."""

    tier: str | None
    kept_since: datetime | None = None
    kept_until: datetime | None = None


def rule(programme: Programme, evaluation: Evaluation, standing: Standing, at: datetime) -> Ruling:
    """Applies the programme's lifecycle. A tier that the programme no longer has is not kept."""
    order = [tier.id for tier in programme.tiers]
    if standing.tier not in order or programme.lifecycle.demotion is Demotion.IMMEDIATE:
        return Ruling(tier=evaluation.tier)
    reached = -1 if evaluation.tier is None else order.index(evaluation.tier)
    if reached >= order.index(standing.tier):
        return Ruling(tier=evaluation.tier)
    since = standing.kept_since or at
    until = None if programme.lifecycle.grace is None else since + programme.lifecycle.grace
    if until is not None and at >= until:
        return Ruling(tier=evaluation.tier)
    return Ruling(tier=standing.tier, kept_since=since, kept_until=until)
