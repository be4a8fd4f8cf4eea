"""The evaluator: which tier the facts reach under a programme, and what each requirement found."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction

from lms.tiers.engine.document import Programme, Tier, TrackRule
from lms.tiers.engine.facts import Facts
from lms.tiers.engine.nodes import Context, Finding, State
from lms.tiers.engine.nodes.groups import count_state
from lms.tiers.engine.storage import Stored

ELIGIBLE_NOTE = "eligible; a human invitation is still required"


@dataclass(frozen=True, kw_only=True)
class TierFinding:
    """What a tier's requirements found. `state` looks at its own requirements, and at lower tiers when cumulative."""

    id: str
    name: str
    state: State
    requirements: tuple[Finding, ...]

    @property
    def is_met(self) -> bool:
        return self.state is State.MET

    @property
    def met(self) -> int:
        return sum(finding.is_met for finding in self.requirements)


@dataclass(frozen=True, kw_only=True)
class Evaluation(Stored):
    """The answer. `reached` is the highest tier whose requirements hold; `tier` the highest the partner may hold now,
    which differs when a tier is by invitation only and nobody has invited him (`note` says so)."""

    programme: str
    on: date
    reached: str | None
    tier: str | None
    tiers: tuple[TierFinding, ...]
    track: str = ""
    note: str = ""
    designations: tuple[TierFinding, ...] = ()
    scores: dict[str, dict[str, Fraction]] = field(default_factory=dict)
    capabilities: tuple[TierFinding, ...] = ()
    organisation: str = ""
    organisations: dict[str, str | None] = field(default_factory=dict)

    def tier_finding(self, tier: str) -> TierFinding | None:
        return next((finding for finding in self.tiers if finding.id == tier), None)

    def requirement(self, requirement: str) -> Finding | None:
        """A requirement of any tier by its id."""
        return next((f for tier in self.tiers for f in tier.requirements if f.id == requirement), None)

    def total(self, score: str) -> Fraction | None:
        """The points of a scorecard that are sure; None when the programme has no such scorecard."""
        points = self.scores.get(score)
        return None if points is None else sum(points.values(), Fraction(0))


def evaluate(programme: Programme, facts: Facts, at: date | datetime, *, track: str = "") -> Evaluation:
    """Evaluates the facts under the programme on the day of `at`: credentials and people count only if valid then.

    Pure and deterministic: the same arguments give an equal result, in any process. `track` is the partner's own track
    in a programme with one tier per track. A document with dated versions is read as it stood on that day. With
    `rollup: best` the countries or locations are evaluated each by itself and the best counts. Raises ValueError for a
    track the programme does not have.
    """
    on = at.date() if isinstance(at, datetime) else at
    programme = programme.in_force(on)
    if track and track not in programme.tracks:
        raise ValueError(f"{programme.id} has no track {track}")
    if not facts.organisations:
        return _evaluate(programme, facts, on, track, {})
    inside = {name: evaluate(programme, own, on, track=track) for name, own in sorted(facts.organisations.items())}
    reached = {name: found.tier for name, found in inside.items()}
    if not programme.is_rolled_up:
        return replace(_evaluate(programme, facts, on, track, reached), organisations=reached)
    order = [tier.id for tier in programme.tiers]
    best = max(inside, key=lambda name: -1 if reached[name] is None else order.index(reached[name] or ""))
    return replace(inside[best], organisation=best, organisations=reached)


def _evaluate(
    programme: Programme, facts: Facts, on: date, track: str, organisations: dict[str, str | None]
) -> Evaluation:
    context = _context(programme, facts, on, track, organisations)
    tiers = _tier_findings(programme, context)
    reached = next((finding.id for finding in reversed(tiers) if finding.is_met), None)
    closed = {tier.id for tier in programme.tiers if tier.invitation_only} - facts.invited
    awarded = next((finding.id for finding in reversed(tiers) if finding.is_met and finding.id not in closed), None)
    return Evaluation(
        programme=programme.id,
        on=on,
        reached=reached,
        tier=awarded,
        tiers=tiers,
        track=context.best_track or context.track,
        note="" if reached == awarded else ELIGIBLE_NOTE,
        designations=tuple(_tier_finding(tier, context) for tier in programme.designations),
        scores={name: card.points(context) for name, card in programme.scores.items()},
        capabilities=tuple(_tier_finding(tier, context) for tier in programme.capabilities),
    )


def context_of(programme: Programme, facts: Facts, at: date, track: str = "") -> Context:
    """The facts as the programme's rules of that day ask for them."""
    return _context(programme.in_force(at), facts, at, track, {})


def _context(programme: Programme, facts: Facts, on: date, track: str, organisations: dict[str, str | None]) -> Context:
    context = Context(
        facts=facts if programme.migration is None else programme.migration.carried(facts),
        on=on,
        labels=programme.labels,
        units=programme.units,
        formulas=programme.formulas,
        scores=programme.scores,
        policy=programme.policy,
        rates=programme.rates,
        designations={tier.id: _asked(tier) for tier in programme.designations},
        organisation_tiers=organisations,
        order=tuple(tier.id for tier in programme.tiers),
        track=track,
    )
    if programme.track_rule is TrackRule.BEST_OF:
        totals = {
            name: programme.scores[name].range(context)[0] for name in programme.tracks if name in programme.scores
        }
        context.best_track = max(totals, key=lambda name: totals[name], default="")
    elif programme.track_rule is TrackRule.AUTO and not track:
        context.track = _track_by_rule(programme, context)
    return context


def _track_by_rule(programme: Programme, context: Context) -> str:
    """The first track whose condition holds, else the first without one."""
    conditions = dict(programme.track_when)
    for name in programme.tracks:
        if name in conditions and conditions[name].assess(context).is_met:
            return name
    return next((name for name in programme.tracks if name not in conditions), "")


def _asked(tier: Tier) -> Callable[[Context], bool]:
    return lambda context: _tier_finding(tier, context).is_met


def _tier_finding(tier: Tier, context: Context) -> TierFinding:
    findings = tuple(node.assess(context) for node in tier.requirements)
    return TierFinding(id=tier.id, name=tier.name, state=count_state(findings, len(findings)), requirements=findings)


def _tier_findings(programme: Programme, context: Context) -> tuple[TierFinding, ...]:
    own = (tier for tier in programme.tiers if not context.track or tier.track in ("", context.track))
    findings = tuple(_tier_finding(tier, context) for tier in own)
    if not programme.is_cumulative:
        return findings
    chained: list[TierFinding] = []
    for finding in findings:
        state = _both(chained[-1].state, finding.state) if chained else finding.state
        chained.append(TierFinding(id=finding.id, name=finding.name, state=state, requirements=finding.requirements))
    return tuple(chained)


def _both(below: State, own: State) -> State:
    if State.UNMET in (below, own):
        return State.UNMET
    return State.UNKNOWN if State.UNKNOWN in (below, own) else State.MET
