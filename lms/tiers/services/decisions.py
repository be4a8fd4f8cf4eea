"""Decisions: a partner is evaluated by the rules in force, and what changed is appended to the log."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Q, QuerySet

from lms.partners.models import Membership, Partner, TierName
from lms.partners.services import set_benefits, set_tier
from lms.tiers import engine
from lms.tiers.models import Decision, ProgrammeVersion
from lms.tiers.services.acts import Acts, acts_of
from lms.tiers.services.errors import NoProgrammeInForce
from lms.tiers.services.facts import add_evidence, plain_facts
from lms.tiers.services.migrating import Earlier, Move, earlier_tiers, move_of
from lms.tiers.services.programmes import rules_of

# Figures move with every completion; a decision is about what they lead to.
_FIGURES = frozenset({"have", "missing", "on", "scores", "entries"})
# How a finding is put may be bettered; what was found may not differ.
_WORDS = frozenset({"label", "missing", "name", "note"})


@transaction.atomic
def evaluate_partner(*, partner: Partner, at: datetime) -> Decision:
    """Evaluates the partner by the rules in force at `at`, and returns the decision that now stands.

    Appends one only if the rules, the tier, a requirement's state, or the people and credentials counted for one
    differ from the newest decision, or people decided something about it since; else returns that. Never looks behind
    the newest decision: a replayed or late event is evaluated at that decision's moment, so replays append nothing.
    Sets the partner's tier and benefits. Locks the partner. Raises NoProgrammeInForce.
    """
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    newest = partner.decisions.select_related("tier", "version__programme").order_by("-number").first()
    if newest is not None:
        at = max(at, newest.decided_at)
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        raise NoProgrammeInForce("No partner programme is in force yet. Publish one first.")
    facts = plain_facts(partner=partner, at=at)
    acts, move = acts_of(partner, at), move_of(version)
    earlier = None if move is None else earlier_tiers(partners=[partner], move=move, at=at).get(partner.pk)
    inputs = {
        "at": at.astimezone(UTC).isoformat(),
        "facts": facts.as_json(),
        "standing": standing_of(partner, newest, acts, rules_of(version), move, earlier).as_json(),
        "acts": acts.as_json(),
    }
    result = _result(rules_of(version), inputs)
    if newest is None or newest.version_id != version.pk or _moved(newest, inputs, result):
        # Most evaluations append nothing, so the evidence is fetched only now; no rule looks at it.
        inputs["facts"] = add_evidence(facts, partner=partner, at=at).as_json()
        newest = _append(partner, version, newest, at, inputs, result)
    if partner.current_tier_id != newest.tier_id:
        set_tier(partner=partner, tier=newest.tier, at=newest.decided_at)
    opened = rules_of(newest.version).opened_by(newest.tier.slug)
    set_benefits(partner=partner, benefits=opened, at=newest.decided_at)
    return newest


def evaluate_person(*, person_id: UUID, at: datetime, partner_id: UUID | None = None) -> list[Decision]:
    """Evaluates every partner the person (public id) works for or ever worked for, and `partner_id` (public id).

    In a fixed order, so that two events cannot lock each other out. Nothing happens while no programme is in force.
    """
    known = Membership.objects.filter(person__public_id=person_id).values("partner_id")
    return _evaluate_each(Partner.objects.filter(Q(pk__in=known) | Q(public_id=partner_id)), at)


def evaluate_one(*, partner_id: UUID, at: datetime) -> list[Decision]:
    """As `evaluate_partner`, by public id; nothing happens for an unknown partner or while no programme is in force."""
    return _evaluate_each(Partner.objects.filter(public_id=partner_id), at)


def evaluate_of_deal(*, deal_id: UUID, at: datetime) -> list[Decision]:
    """As `evaluate_one`, of the partner that registered the deal (public id)."""
    return _evaluate_each(Partner.objects.filter(deals__public_id=deal_id), at)


def evaluate_all(*, at: datetime) -> int:
    """Evaluates every partner, each in a transaction of its own. Returns how many decisions were appended."""
    appended = 0
    for partner in Partner.objects.order_by("pk").iterator(chunk_size=200):
        decisions = _evaluate_each(Partner.objects.filter(pk=partner.pk), at)
        appended += sum(decision.decided_at == at for decision in decisions)
    return appended


def _evaluate_each(partners: QuerySet[Partner], at: datetime) -> list[Decision]:
    if not ProgrammeVersion.objects.filter(effective_at__lte=at).exists():
        return []
    return [evaluate_partner(partner=partner, at=at) for partner in partners.order_by("pk")]


def _moved(newest: Decision, inputs: dict[str, Any], result: dict[str, Any]) -> bool:
    is_other = _substance(newest.result) != _substance(result)
    return is_other or bool(newest.inputs.get("acts", []) != inputs["acts"])


def standing_of(
    partner: Partner,
    newest: Decision | None,
    acts: Acts,
    rules: engine.Programme,
    move: Move | None,
    earlier: Earlier | None,
) -> engine.Standing:
    """Where the partner stands by his newest decision and by what people and earlier rules let him hold."""
    granted, until = acts.granted(rules, move)
    if newest is None:
        return engine.Standing(granted=granted, granted_until=until)
    earlier = earlier or Earlier()
    ruling = engine.Ruling.from_json(newest.result["ruling"])
    since = partner.tier_since if partner.current_tier_id == newest.tier_id else newest.decided_at
    return engine.Standing(
        tier=newest.tier.slug,
        kept_since=ruling.kept_since,
        since=since,
        ended=acts.ended(newest),
        granted=granted,
        granted_until=until,
        earlier=earlier.tier,
        earlier_until=earlier.until,
    )


def _result(rules: engine.Programme, inputs: dict[str, Any]) -> dict[str, Any]:
    """The evaluation and the ruling: a pure function of the rules and the stored inputs."""
    at = datetime.fromisoformat(inputs["at"])
    evaluation = engine.evaluate(rules, engine.Facts.from_json(inputs["facts"]), at)
    ruling = engine.rule(rules, evaluation, engine.Standing.from_json(inputs["standing"]), at)
    return {"evaluation": evaluation.as_json(), "ruling": ruling.as_json()}


def _substance(result: Any) -> Any:
    """A result without the figures that move within the same outcome, and without what is empty: a later engine finds
    more kinds of things, and where it found none nothing has changed."""
    if isinstance(result, dict):
        members = {name: _substance(member) for name, member in result.items() if name not in _FIGURES}
        return {name: member for name, member in members.items() if member not in ("", None, [], {})}
    return [_substance(member) for member in result] if isinstance(result, list) else result


def _append(
    partner: Partner,
    version: ProgrammeVersion,
    newest: Decision | None,
    at: datetime,
    inputs: dict[str, Any],
    result: dict[str, Any],
) -> Decision:
    decision = Decision(
        partner=partner,
        number=1 if newest is None else newest.number + 1,
        version=version,
        tier=TierName.objects.get(slug=result["ruling"]["tier"]),
        previous_tier=None if newest is None else newest.tier,
        decided_at=at,
        inputs=inputs,
        result=result,
    )
    decision.digest = digest(decision)
    decision.save(force_insert=True)
    return decision


def digest(decision: Decision) -> str:
    """SHA-256 in hex over all a decision says and the rules it was made by, as JSON with sorted names, no blanks."""
    content = {
        "programme": decision.version.programme.slug,
        "version": decision.version.number,
        "document": decision.version.document,
        "partner": str(decision.partner.public_id),
        "number": decision.number,
        "tier": decision.tier.slug,
        "previous_tier": decision.previous_tier.slug if decision.previous_tier else None,
        "decided_at": decision.decided_at.astimezone(UTC).isoformat(),
        "inputs": decision.inputs,
        "result": decision.result,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Verification:
    """Whether a decision still is what was decided. `problems` says in words what is not."""

    recomputed: str
    problems: tuple[str, ...]

    @property
    def is_genuine(self) -> bool:
        return not self.problems


def verify(decision: Decision) -> Verification:
    """Computes the decision again from its stored inputs and the version's rules, and compares; changes nothing.

    All that was stored must come out again, but for words; a newer engine may find more than was stored then.
    """
    problems = []
    recomputed = digest(decision)
    if recomputed != decision.digest:
        problems.append("the stored rules, inputs or result are not those that were signed by the digest")
    try:
        result = _result(rules_of(decision.version), decision.inputs)
    except (engine.DocumentError, msgspec.ValidationError, KeyError, ValueError):
        problems.append("the stored inputs can't be evaluated")
    else:
        if not _agrees(decision.result, result):
            problems.append("the rules come to another result")
        elif result["ruling"]["tier"] != decision.tier.slug:
            problems.append("the tier is not the one of the result")
    return Verification(recomputed, tuple(problems))


def _agrees(stored: Any, found: Any) -> bool:
    """Whether everything stored, but for words, was found again."""
    if isinstance(stored, dict) and isinstance(found, dict):
        return all(name in found and _agrees(stored[name], found[name]) for name in stored.keys() - _WORDS)
    if isinstance(stored, list) and isinstance(found, list):
        return len(stored) == len(found) and all(map(_agrees, stored, found))
    return bool(stored == found)
