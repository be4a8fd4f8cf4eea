"""Where partners stand: tier, way to the next, and what time will take away. Reads only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lms.accounts.models import User
from lms.partners.models import Partner, TierName
from lms.tiers import engine
from lms.tiers.engine.forecast import Loss, forecast
from lms.tiers.models import Decision, ProgrammeVersion
from lms.tiers.services.errors import NoProgrammeInForce
from lms.tiers.services.facts import gather_facts
from lms.tiers.services.figures import Row
from lms.tiers.services.programmes import rules_of

RISK_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A tier that will be lost on a day if nobody acts, and by whose endings: (name, credential or "", last day)."""

    on: date
    tier_after: str
    labels: tuple[str, ...]
    endings: tuple[tuple[str, str, date], ...]


@dataclass(frozen=True, kw_only=True)
class TierStatus:
    """Where a partner stands. `rows` lead to `next_tier` (None at the top); `own_rows` keep the tier he has.

    `kept_until` is set while a tier is kept though no longer reached (`kept_by` "migration": from earlier rules);
    `decision` is the one that stands.
    """

    partner: Partner
    programme: str
    tier: TierName | None
    since: datetime | None
    kept_until: datetime | None
    kept_by: str
    next_tier: str | None
    rows: tuple[Row, ...]
    own_rows: tuple[Row, ...]
    risk: Risk | None
    decision: Decision | None
    evaluated_at: datetime

    @property
    def met(self) -> int:
        return sum(row.is_met for row in self.rows)

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def summary(self) -> str:
        """ "3 of 4 met"."""
        return f"{self.met} of {self.total} met"

    @property
    def missing(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.is_met)


def status(*, partner: Partner, at: datetime) -> TierStatus:
    """Where the partner stands by the facts at `at`, figures included. Raises NoProgrammeInForce. Constant queries."""
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        raise NoProgrammeInForce("No partner programme is in force yet. Publish one first.")
    facts = gather_facts(partner=partner, at=at)
    decision = Decision.objects.filter(partner=partner).select_related("tier").newest().first()
    found = _found(version, facts, decision, at)
    return _status(partner, version, found, decision, _names([found[1]]), at)


def statuses(*, partners: Iterable[Partner], at: datetime) -> dict[int, TierStatus]:
    """Where many partners stand, by primary key, from the facts of their newest decisions: three queries in all.

    People and dates are as at `at`; figures are those of the decision, which a later one would have replaced had they
    changed what is met. Partners without a decision are left out.
    """
    kept = {partner.pk: partner for partner in partners}
    decisions = Decision.objects.filter(partner__in=list(kept)).newest().select_related("tier", "version__programme")
    found = {}
    for decision in decisions:
        facts = engine.Facts.from_json(decision.inputs["facts"])
        found[decision.partner_id] = (decision, _found(decision.version, facts, decision, max(at, decision.decided_at)))
    names = _names(loss for _, (_, loss) in found.values())
    return {
        pk: _status(kept[pk], decision.version, pair, decision, names, at) for pk, (decision, pair) in found.items()
    }


_Found = tuple[engine.Evaluation, Loss | None]


def _found(version: ProgrammeVersion, facts: engine.Facts, decision: Decision | None, at: datetime) -> _Found:
    rules = rules_of(version)
    evaluation = engine.evaluate(rules, facts, at.astimezone(UTC))
    ruling = None if decision is None else engine.Ruling.from_json(decision.result["ruling"])
    return evaluation, forecast(rules, facts, evaluation, days=RISK_DAYS, ruling=ruling)


def _names(losses: Iterable[Loss | None]) -> dict[str, str]:
    ids = {ending.person for loss in losses if loss is not None for ending in loss.endings if ending.person}
    people = User.objects.filter(public_id__in=ids).values_list("public_id", "name") if ids else ()
    return {str(public_id): name for public_id, name in people}


def _status(
    partner: Partner,
    version: ProgrammeVersion,
    found: _Found,
    decision: Decision | None,
    names: dict[str, str],
    at: datetime,
) -> TierStatus:
    evaluation, loss = found
    rules = rules_of(version)
    order = [tier.id for tier in rules.tiers]
    tier = None if decision is None else decision.tier
    held = -1 if tier is None or tier.slug not in order else order.index(tier.slug)
    following = evaluation.tiers[held + 1] if held + 1 < len(order) else None
    own = evaluation.tiers[held].requirements if held >= 0 else ()
    ruling = None if decision is None else engine.Ruling.from_json(decision.result["ruling"])
    return TierStatus(
        partner=partner,
        programme=version.programme.name,
        tier=tier,
        since=partner.tier_since,
        kept_until=None if ruling is None else ruling.kept_until,
        kept_by="" if ruling is None else ruling.kept_by,
        next_tier=None if following is None else following.name,
        rows=() if following is None else tuple(Row(finding=f, tier=following.id) for f in following.requirements),
        own_rows=tuple(Row(finding=f, tier=order[held]) for f in own),
        risk=None if loss is None else _risk(rules, loss, {**names, "": partner.name}),
        decision=decision,
        evaluated_at=at,
    )


def _risk(rules: engine.Programme, loss: Loss, names: dict[str, str]) -> Risk:
    after = next((tier.name for tier in rules.tiers if tier.id == loss.tier), "no tier")
    return Risk(
        on=loss.on,
        tier_after=after,
        labels=tuple(dict.fromkeys(finding.label for finding in loss.failing)),
        endings=tuple(
            (names.get(ending.person, ""), rules.labels.get(ending.code, ending.code), ending.last_day)
            for ending in loss.endings
        ),
    )
