"""What people decide about tiers: invite, agree on a cure plan, end a kept tier, appeal, rule. Each moves the log."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.partners.models import Membership, Partner, TierName
from lms.tiers import engine
from lms.tiers.models import Appeal, Decision, ProgrammeVersion, TierAct
from lms.tiers.services.acts import acts_of
from lms.tiers.services.decisions import evaluate_partner
from lms.tiers.services.errors import ActRefused, AlreadyRuled, NoProgrammeInForce, SameDecider
from lms.tiers.services.files import suffix_of
from lms.tiers.services.programmes import rules_of

_MAX_PLAN_DAYS = 366


@transaction.atomic
def invite_to_tier(
    *, partner: Partner, tier: TierName, reason: str, until: date | None, by: User, at: datetime
) -> TierAct:
    """Lets the partner hold a tier that is by invitation only, from today to the day `until`, once it is reached.

    Appends a decision. Locks the partner. Raises ActRefused: the tier is not by invitation, or he is invited already.
    """
    partner, at = _locked(partner, at)
    wanted = _tier_of_rules(tier, at)
    if not wanted.invitation_only:
        raise ActRefused(f"{wanted.name} is not by invitation: whoever meets its requirements holds it.")
    return _decide(TierAct.Kind.INVITATION, partner, tier, reason, until, by, at)


@transaction.atomic
def agree_cure_plan(
    *,
    partner: Partner,
    tier: TierName,
    reason: str,
    until: date,
    steps: Sequence[tuple[str, date]],
    by: User,
    at: datetime,
) -> TierAct:
    """The partner keeps or gets back the tier until the day `until`, while it does the steps: (what, due on).

    Only a tier that it holds or held before. Appends a decision. Locks the partner. Raises ActRefused.
    """
    partner, at = _locked(partner, at)
    _tier_of_rules(tier, at)
    if not steps:
        raise ActRefused("A cure plan needs at least one step.")
    on = at.astimezone(UTC).date()
    if (until - on).days > _MAX_PLAN_DAYS:
        raise ActRefused("A cure plan lasts a year at most.")
    if any(not on <= due <= until for _, due in steps):
        raise ActRefused("Each step is due between today and the last day of the plan.")
    held = partner.decisions.filter(tier__rank__gte=tier.rank).exists()
    if not held:
        raise ActRefused(f"{partner} never held {tier.name}, so there is nothing to cure.")
    kept = [{"what": what, "due_on": due.isoformat(), "done_on": None} for what, due in steps]
    return _decide(TierAct.Kind.PLAN, partner, tier, reason, until, by, at, steps=kept)


@transaction.atomic
def finish_step(*, plan: TierAct, number: int, by: User, at: datetime) -> TierAct:
    """Marks a step (0, 1, …) of a running plan as done; twice changes nothing. Locks the plan. Raises ActRefused."""
    plan = TierAct.objects.select_for_update(of=("self",)).get(pk=plan.pk, kind=TierAct.Kind.PLAN)
    if plan.ended_at is not None or not 0 <= number < len(plan.steps):
        raise ActRefused("There is no such step in a plan that runs.")
    if plan.steps[number]["done_on"] is None:
        plan.steps[number]["done_on"] = at.astimezone(UTC).date().isoformat()
        plan.save(update_fields=["steps"])
        detail = {"plan": str(plan.public_id), "step": number}
        record_audit(action="tiers.finish_step", actor=by, at=at, target=plan.partner, detail=detail)
    return plan


@transaction.atomic
def end_act(*, act: TierAct, reason: str, by: User, at: datetime) -> TierAct:
    """Ends an invitation or a cure plan now. Appends a decision. Locks the partner. Raises ActRefused when it ended."""
    partner, at = _locked(act.partner, at)
    act = TierAct.objects.select_for_update(of=("self",)).get(pk=act.pk)
    if act.ended_at is not None or act.kind == TierAct.Kind.ENDING:
        raise ActRefused("It has ended already.")
    act.ended_at, act.ended_by, act.end_reason = at, by, _said(reason)
    act.save(update_fields=["ended_at", "ended_by", "end_reason"])
    _log("tiers.end_act", act, by, at)
    evaluate_partner(partner=partner, at=at)
    return act


@transaction.atomic
def end_kept_tier(*, partner: Partner, reason: str, by: User, at: datetime) -> TierAct:
    """Ends a tier that is only kept. Appends a decision. Locks the partner. Raises ActRefused when none is kept, or
    when a cure plan or an appeal still keeps it."""
    partner, at = _locked(partner, at)
    newest = _newest(partner)
    ruling = None if newest is None else engine.Ruling.from_json(newest.result["ruling"])
    if newest is None or ruling is None or ruling.kept_since is None:
        raise ActRefused("The tier is not only kept: its requirements are met.")
    if acts_of(partner, at).grants(newest.tier):
        raise ActRefused("A cure plan or an appeal keeps the tier. End that first.")
    return _decide(TierAct.Kind.ENDING, partner, newest.tier, reason, None, by, at)


@transaction.atomic
def raise_appeal(
    *, decision: Decision, tier: TierName, text: str, evidence: bytes, evidence_name: str, by: User, at: datetime
) -> Appeal:
    """Objects to the decision that stands and asks for a tier; `evidence` may be empty, else a PDF, PNG or JPEG.

    Locks the partner. Raises ActRefused: a later decision stands, an appeal is open, no text, or another kind of file.
    """
    partner, at = _locked(decision.partner, at)
    newest = _newest(partner)
    if newest is None or newest.pk != decision.pk:
        raise ActRefused("A later decision stands. Appeal against that one.")
    if decision.appeals.open().exists():
        raise ActRefused("An appeal against this decision is open already.")
    _tier_of_rules(tier, at)
    appeal = Appeal(
        partner=partner,
        decision=decision,
        tier=tier,
        text=_said(text),
        evidence_name=evidence_name[-150:] if evidence else "",
        raised_at=at,
        raised_by=by,
    )
    if evidence:
        suffix = suffix_of(evidence)
        appeal.evidence.save(f"{appeal.public_id}{suffix}", ContentFile(evidence), save=False)
    appeal.save(force_insert=True)
    detail = {"appeal": str(appeal.public_id), "decision": decision.number, "tier": tier.slug}
    record_audit(action="tiers.raise_appeal", actor=by, at=at, target=partner, detail=detail)
    return appeal


@transaction.atomic
def rule_on_appeal(
    *, appeal: Appeal, is_upheld: bool, ruling: str, until: date | None, by: User, at: datetime
) -> Appeal:
    """Upholds the appeal, so that the partner holds the tier until the day `until`, or rejects it. Appends a decision.

    Locks the partner. Raises AlreadyRuled; SameDecider when `by` raised it, belongs to the partner, or took part in the
    decision that it is against; ActRefused for an upheld one without a day to come, or without reasons.
    """
    partner, at = _locked(appeal.partner, at)
    appeal = Appeal.objects.select_for_update(of=("self",)).select_related("decision").get(pk=appeal.pk)
    if appeal.ruled_at is not None:
        raise AlreadyRuled("Somebody has ruled on this appeal. Nothing was changed.")
    on = at.astimezone(UTC).date()
    if by.pk in _deciders(appeal, on):
        raise SameDecider("Somebody else has to rule: you took part in the decision that the appeal is against.")
    if is_upheld and (until is None or not 0 <= (until - on).days <= _MAX_PLAN_DAYS):
        raise ActRefused("An upheld appeal needs the last day on which the tier is held, within a year.")
    appeal.is_upheld, appeal.ruling, appeal.until = is_upheld, _said(ruling), until if is_upheld else None
    appeal.ruled_at, appeal.ruled_by = at, by
    appeal.save(update_fields=["is_upheld", "ruling", "until", "ruled_at", "ruled_by"])
    detail = {"appeal": str(appeal.public_id), "is_upheld": is_upheld}
    record_audit(action="tiers.rule_on_appeal", actor=by, at=at, target=partner, detail=detail)
    evaluate_partner(partner=partner, at=at)
    return appeal


def _deciders(appeal: Appeal, on: date) -> set[int]:
    """Who may not rule: who raised it, the partner's people, whoever's acts the decision rests on, and who decided,
    ended or ruled on anything since the partner came to its tier."""
    named = {act["by"] for act in appeal.decision.inputs.get("acts", [])}
    found = set(User.objects.filter(public_id__in=named).values_list("pk", flat=True))
    found |= set(Membership.objects.active(on).filter(partner=appeal.partner).values_list("person_id", flat=True))
    since = appeal.partner.tier_since or datetime.min.replace(tzinfo=UTC)
    acts, appeals = TierAct.objects.filter(partner=appeal.partner), Appeal.objects.filter(partner=appeal.partner)
    found |= set(acts.filter(decided_at__gte=since).values_list("decided_by_id", flat=True))
    found |= set(acts.filter(ended_at__gte=since, ended_by__isnull=False).values_list("ended_by_id", flat=True))
    found |= set(appeals.filter(ruled_at__gte=since, ruled_by__isnull=False).values_list("ruled_by_id", flat=True))
    return found | {appeal.raised_by_id}


def _locked(partner: Partner, at: datetime) -> tuple[Partner, datetime]:
    """The partner, locked, and the moment of what is decided: not before a decision that was appended meanwhile."""
    locked = Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    newest = _newest(locked)
    return locked, at if newest is None else max(at, newest.decided_at)


def _newest(partner: Partner) -> Decision | None:
    return partner.decisions.select_related("tier").order_by("-number").first()


def _tier_of_rules(tier: TierName, at: datetime) -> engine.Tier:
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        raise NoProgrammeInForce("No partner programme is in force yet. Publish one first.")
    found = next((one for one in rules_of(version).tiers if one.id == tier.slug), None)
    if found is None:
        raise ActRefused(f"The programme in force has no tier {tier.name}.")
    return found


def _decide(
    kind: str, partner: Partner, tier: TierName, reason: str, until: date | None, by: User, at: datetime, **more: Any
) -> TierAct:
    on = at.astimezone(UTC).date()
    if until is not None and until < on:
        raise ActRefused("The last day is over already.")
    open_ones = TierAct.objects.filter(partner=partner, tier=tier, kind=kind, ended_at=None)
    for act in open_ones.exclude(kind=TierAct.Kind.ENDING):
        if act.until is None or act.until >= on:
            raise ActRefused(f"{act.get_kind_display()} for {tier.name} is there already. End it first.")
        act.ended_at, act.ended_by, act.end_reason = at, by, "Followed by another"
        act.save(update_fields=["ended_at", "ended_by", "end_reason"])
    made = TierAct.objects.create(
        kind=kind,
        partner=partner,
        tier=tier,
        reason=_said(reason),
        decided_at=at,
        decided_by=by,
        starts_on=on,
        until=until,
        **more,
    )
    _log(f"tiers.{kind}", made, by, at)
    evaluate_partner(partner=partner, at=at)
    return made


def _log(action: str, act: TierAct, by: User, at: datetime) -> None:
    detail: dict[str, object] = {
        "act": str(act.public_id),
        "kind": act.kind,
        "tier": act.tier.slug,
        "reason": act.reason,
    }
    record_audit(action=action, actor=by, at=at, target=act.partner, detail=detail)


def _said(text: str) -> str:
    text = guards.check_text(text).strip()
    if not text:
        raise ActRefused("Say why: the partner reads it.")
    return text
