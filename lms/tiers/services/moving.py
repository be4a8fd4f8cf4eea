"""What a migration map would do for each partner, before the rules with it are published. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lms.partners.models import Partner
from lms.tiers import engine
from lms.tiers.models import Decision
from lms.tiers.services.facts import gather_many


@dataclass(frozen=True, kw_only=True)
class MigrationLine:
    """A partner's tier today, under the new rules with the map, and after its last day by the facts of today.

    `carried` counts the old credentials that count as new ones; `missing` is what would be lacking after the last day.
    """

    partner: Partner
    today: str
    then: str
    after: str
    is_retained: bool
    is_loss: bool
    carried: int
    missing: tuple[str, ...]


def preview_migration(*, new: engine.Programme, at: datetime) -> tuple[MigrationLine, ...]:
    """Every partner, those who would lose something first, by the evaluator and the lifecycle that decide.

    `new` has a migration map. A constant number of queries per hundred partners.
    """
    partners = list(Partner.objects.select_related("current_tier").order_by("name", "pk"))
    decisions = Decision.objects.filter(partner__in=partners).newest()
    held = dict(decisions.values_list("partner_id", "tier__slug"))
    facts = gather_many(partners=partners, at=at)
    lines = [_line(partner, facts[partner.pk], held.get(partner.pk), new, at) for partner in partners]
    return tuple(sorted(lines, key=lambda line: (not line.is_loss, line.partner.name, line.partner.pk)))


def _line(
    partner: Partner, facts: engine.Facts, held: str | None, new: engine.Programme, at: datetime
) -> MigrationLine:
    move = new.migration
    assert move is not None  # noqa: S101  asked for only where there is one
    moment = at.astimezone(UTC)
    now = engine.evaluate(new, facts, moment)
    ruling = engine.rule(new, now, engine.Standing(tier=held, earlier=held), moment)
    late = max(moment, move.ends_at)
    after = engine.evaluate(new, facts, max(moment.date(), move.until + timedelta(days=1)))
    left = engine.rule(new, after, engine.Standing(), late).tier
    order = [tier.id for tier in new.tiers]
    names = {tier.id: tier.name for tier in new.tiers}
    is_loss = _rank(order, left) < _rank(order, ruling.tier)
    finding = after.tier_finding(ruling.tier or "") if is_loss else None
    return MigrationLine(
        partner=partner,
        today=partner.current_tier.name if partner.current_tier is not None else "none",
        then=names.get(ruling.tier or "", "none"),
        after=names.get(left or "", "none"),
        is_retained=bool(ruling.kept_by),
        is_loss=is_loss,
        carried=sum(held.code in move.credentials for person in facts.people or () for held in person.held),
        missing=() if finding is None else tuple(_words(one) for one in finding.requirements if not one.is_met),
    )


def _rank(order: Sequence[str], tier: str | None) -> int:
    return -1 if tier is None else order.index(tier)


def _words(finding: engine.Finding) -> str:
    return f"{finding.label}: {finding.missing}" if finding.missing else finding.label
