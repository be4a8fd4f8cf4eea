"""A decision in words: what each requirement found, by whom, from which source, down to the statements. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser

from lms.accounts.models import User
from lms.partners.models import Membership, Partner
from lms.tiers import engine
from lms.tiers.models import Decision
from lms.tiers.services.figures import Figure, Row
from lms.tiers.services.programmes import rules_of


@dataclass(frozen=True, kw_only=True)
class ExplainedPerson:
    """Somebody who counted, with what he held then: (name of the credential, the facts about it)."""

    name: str
    held: tuple[tuple[str, engine.Held], ...]


@dataclass(frozen=True, kw_only=True)
class ExplainedRequirement:
    """`hidden` counts people the viewer may not see by name; `proofs` are the documents or payments that counted."""

    row: Row
    people: tuple[ExplainedPerson, ...]
    hidden: int
    figures: tuple[Figure, ...]
    proofs: tuple[engine.Evidence, ...]


@dataclass(frozen=True, kw_only=True)
class ExplainedTier:
    """A tier as the decision found it."""

    name: str
    is_met: bool
    is_held: bool
    summary: str
    requirements: tuple[ExplainedRequirement, ...]


def explain(*, decision: Decision, viewer: User | AnonymousUser) -> tuple[ExplainedTier, ...]:
    """All tiers of the decision, lowest first. Names only of people the viewer may see. Constant queries."""
    evaluation = engine.Evaluation.from_json(decision.result["evaluation"])
    facts = engine.Facts.from_json(decision.inputs["facts"])
    rules = rules_of(decision.version)
    names = visible_names(viewer, decision.partner)
    people = {person.id: person for person in facts.people or ()}
    return tuple(
        ExplainedTier(
            name=tier.name,
            is_met=tier.is_met,
            is_held=tier.id == decision.tier.slug,
            summary=f"{tier.met} of {len(tier.requirements)} met",
            requirements=tuple(
                _requirement(finding, tier.id, rules, facts, people, names) for finding in tier.requirements
            ),
        )
        for tier in evaluation.tiers
    )


@dataclass(frozen=True, kw_only=True)
class ToldAct:
    """Something people decided that a decision took into account. `name` "" for whoever is not to be told."""

    words: str
    reason: str
    name: str
    at: datetime
    until: date | None


_ACTS = {
    "invitation": "Invited to {tier}",
    "plan": "Cure plan for {tier}",
    "ending": "{tier} was ended",
    "appeal": "Appeal for {tier} upheld",
}


def told_acts(decision: Decision, *, viewer: User | AnonymousUser) -> tuple[ToldAct, ...]:
    """What people decided, as the decision has it, oldest first; names for who may see the evidence. Two queries."""
    acts = decision.inputs.get("acts", [])
    may_see = bool(acts) and viewer.has_perm("tiers.view_evidence", decision)
    people = User.objects.filter(public_id__in=[act["by"] for act in acts]) if may_see else User.objects.none()
    names = {str(person.public_id): person.name for person in people}
    tiers = {tier.id: tier.name for tier in rules_of(decision.version).tiers} if acts else {}
    return tuple(
        ToldAct(
            words=_ACTS[act["kind"]].format(tier=tiers.get(act["tier"], act["tier"])),
            reason=act["reason"] if may_see else "",
            name=names.get(act["by"], ""),
            at=datetime.fromisoformat(act["at"]),
            until=None if act["until"] is None else date.fromisoformat(act["until"]),
        )
        for act in acts
    )


def visible_names(viewer: User | AnonymousUser, partner: Partner) -> dict[str, str]:
    """Names by public id of everybody who works or worked for the partner and whom the viewer may see."""
    memberships = Membership.objects.visible_to(viewer).filter(partner=partner)
    return {
        str(public_id): name
        for public_id, name in memberships.values_list("person__public_id", "person__name").distinct()
    }


def _requirement(
    finding: engine.Finding,
    tier: str,
    rules: engine.Programme,
    facts: engine.Facts,
    people: dict[str, engine.Person],
    names: dict[str, str],
) -> ExplainedRequirement:
    shown = sorted((names[person], person) for person in finding.people if person in names)
    given = (*(facts.evidence or ()), *(facts.payments or ()))
    return ExplainedRequirement(
        row=Row(finding=finding, tier=tier),
        people=tuple(
            ExplainedPerson(name=name, held=_held(people[person].held, finding.credentials, rules))
            for name, person in shown
        ),
        hidden=len(finding.people) - len(shown),
        figures=Figure.of(finding, facts, rules),
        proofs=tuple(proof for proof in given if proof.reference in finding.credentials),
    )


def _held(
    held: Iterable[engine.Held], references: tuple[str, ...], rules: engine.Programme
) -> tuple[tuple[str, engine.Held], ...]:
    return tuple((rules.labels.get(one.code, one.code), one) for one in held if one.reference in references)


def _acts(decision: Decision) -> list[dict[str, Any]]:
    """What people had decided, of one that was read `with_acts` or whole; none before there were such acts."""
    read = vars(decision)
    return (read["acts"] if "acts" in read else decision.inputs.get("acts")) or []


def changes(before: Decision | None, after: Decision) -> tuple[str, ...]:
    """What moved between two decisions, in words: new rules, what people decided, and each requirement whose figure and
    outcome changed."""
    if before is None:
        return ("first evaluation",)
    words = []
    if before.version_id != after.version_id:
        words.append(f"new rules: version {after.version.number}")
    known = [act["reference"] for act in _acts(before)]
    tiers = {tier.id: tier.name for tier in rules_of(after.version).tiers}
    now = _acts(after)
    words += [
        _ACTS[act["kind"]].format(tier=tiers.get(act["tier"], act["tier"])).lower()
        for act in now
        if act["reference"] not in known
    ]
    if set(known) - {act["reference"] for act in now}:
        words.append("an agreement ended")
    old = engine.Evaluation.from_json(before.result["evaluation"])
    new = engine.Evaluation.from_json(after.result["evaluation"])
    for tier in new.tiers:
        for finding in tier.requirements:
            was = old.requirement(finding.id)
            if was is None or (was.state, was.people, was.credentials) == (
                finding.state,
                finding.people,
                finding.credentials,
            ):
                continue
            rows = Row(finding=was, tier=tier.id), Row(finding=finding, tier=tier.id)
            if rows[0].have_text != rows[1].have_text or was.state != finding.state:
                words.append(f"{finding.label}: {rows[0].have_text} → {rows[1].have_text}")
            else:
                what = "a certificate was renewed" if was.people == finding.people else "other people count"
                words.append(f"{finding.label}: {what}")
    return tuple(dict.fromkeys(words)) or ("the tier is kept differently",)
