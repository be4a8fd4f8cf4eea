"""What time alone will do: the same facts at a later day, when credentials and memberships have ended."""

from dataclasses import dataclass
from datetime import date, timedelta

from lms.tiers.engine.document import Programme
from lms.tiers.engine.evaluation import Evaluation, evaluate
from lms.tiers.engine.facts import Facts
from lms.tiers.engine.lifecycle import Ruling
from lms.tiers.engine.nodes import Finding


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Something of a person's that ends: a credential (its code and reference), or "" for the membership itself.

    Without a person: a document or a payment of the partner, by its kind."""

    person: str
    code: str
    reference: str
    last_day: date


@dataclass(frozen=True, kw_only=True)
class Loss:
    """The first day on which a lower tier would be held, the requirements that fail, and what ends before it."""

    on: date
    tier: str | None
    failing: tuple[Finding, ...]
    endings: tuple[Ending, ...]


def endings(facts: Facts, on: date, until: date) -> list[Ending]:
    """What ends from `on` to the day before `until`, soonest first."""
    found: list[Ending] = []
    for person in facts.people or ():
        if not person.is_present(on):
            continue
        if person.until is not None and person.until < until:
            found.append(Ending(person=person.id, code="", reference="", last_day=person.until))
        found.extend(
            Ending(person=person.id, code=held.code, reference=held.reference, last_day=held.until)
            for held in person.held
            if held.is_valid(on) and held.until is not None and held.until < until
        )
    found.extend(
        Ending(person="", code=proof.kind, reference=proof.reference, last_day=proof.until)
        for proof in (*(facts.evidence or ()), *(facts.payments or ()))
        if proof.counts(on) and proof.until is not None and proof.until < until
    )
    return sorted(found, key=lambda ending: (ending.last_day, ending.person, ending.reference))


def forecast(
    programme: Programme, facts: Facts, now: Evaluation, *, days: int, ruling: Ruling | None = None
) -> Loss | None:
    """The first loss of a tier within so many days if nobody does anything; None when the tier is safe that long.

    By `ruling` a tier may be held that is only kept from earlier rules: then the end of that is the loss. Figures such
    as a completion rate are taken as they are: only dates run on.
    """
    if ruling is not None and ruling.kept_by:
        return _end_of_kept(programme, facts, now, ruling, days)
    order = [tier.id for tier in programme.tiers]
    if now.tier is None:
        return None
    ends = endings(facts, now.on, now.on + timedelta(days=days))
    last_days = {ending.last_day for ending in ends}
    if programme.migration is not None and now.on <= programme.migration.until < now.on + timedelta(days=days):
        last_days.add(programme.migration.until)  # old credentials count no more after it
    for last_day in sorted(last_days):
        on = last_day + timedelta(days=1)
        then = evaluate(programme, facts, on, track=now.track)
        if then.tier is None or order.index(then.tier) < order.index(now.tier):
            failing = _failing(now, then)
            people = {person for finding in failing for person in finding.people}
            proofs = {reference for finding in failing for reference in finding.credentials}
            return Loss(
                on=on,
                tier=then.tier,
                failing=failing,
                endings=tuple(
                    one
                    for one in ends
                    if one.last_day <= last_day and (one.person in people if one.person else one.reference in proofs)
                ),
            )
    return None


def _end_of_kept(programme: Programme, facts: Facts, now: Evaluation, ruling: Ruling, days: int) -> Loss | None:
    order = [tier.id for tier in programme.tiers]
    if ruling.kept_until is None or ruling.tier not in order:
        return None
    on = ruling.kept_until.date()
    if not now.on < on <= now.on + timedelta(days=days):
        return None
    then = evaluate(programme, facts, on, track=now.track)
    if then.tier is not None and order.index(then.tier) >= order.index(ruling.tier):
        return None
    wanted = then.tier_finding(ruling.tier)
    lacking = () if wanted is None else tuple(one for one in wanted.requirements if not one.is_met)
    return Loss(on=on, tier=then.tier, failing=lacking, endings=())


def _failing(now: Evaluation, then: Evaluation) -> tuple[Finding, ...]:
    """Requirements met now and not then, as found now, of the tiers up to the one held; the same rule only once."""
    failing: dict[str, Finding] = {}
    for tier in now.tiers:
        for finding in tier.requirements:
            later = then.requirement(finding.id)
            if finding.is_met and later is not None and not later.is_met:
                failing.setdefault(finding.id, finding)
        if tier.id == now.tier:
            break
    return tuple(failing.values())
