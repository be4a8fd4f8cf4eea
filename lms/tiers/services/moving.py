"""What a migration map would do for each partner, before the rules with it are published. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lms.partners.models import Partner
from lms.tiers import engine
from lms.tiers.engine import Standing
from lms.tiers.engine.migration import Migration
from lms.tiers.models import Decision, Programme
from lms.tiers.services.acts import acts_of_each
from lms.tiers.services.decisions import standing_of
from lms.tiers.services.facts import CHUNK, gather_many
from lms.tiers.services.migrating import Move, earlier_tiers, move_of_draft


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


def preview_migration(
    *, new: engine.Programme, programme: Programme | None = None, at: datetime
) -> tuple[MigrationLine, ...]:
    """Every partner, those who would lose something first, by the evaluator and the lifecycle that decide.

    `new` has a migration map and would be the next version of the programme, by default that of its own id. A constant
    number of queries per hundred partners.
    """
    partners = list(Partner.objects.select_related("current_tier").order_by("name", "pk"))
    programme = programme or Programme.objects.filter(slug=new.id).first()
    move = move_of_draft(new, programme, at)
    assert move is not None  # noqa: S101  asked for only where there is one
    lines = []
    for start in range(0, len(partners), CHUNK):
        some = partners[start : start + CHUNK]
        facts, standings = gather_many(partners=some, at=at), _standings(some, new, move, at)
        lines += [_line(partner, facts[partner.pk], standings[partner.pk], new, move.map, at) for partner in some]
    return tuple(sorted(lines, key=lambda line: (not line.is_loss, line.partner.name, line.partner.pk)))


def _standings(partners: Sequence[Partner], new: engine.Programme, move: Move, at: datetime) -> dict[int, Standing]:
    decisions = Decision.objects.filter(partner__in=partners).newest().select_related("tier").defer("inputs")
    newest = {decision.partner_id: decision for decision in decisions}
    acts, earlier = acts_of_each(partners, at), earlier_tiers(partners=partners, move=move, at=at)
    return {
        one.pk: standing_of(one, newest.get(one.pk), acts[one.pk], new, move, earlier.get(one.pk)) for one in partners
    }


def _line(
    partner: Partner,
    facts: engine.Facts,
    standing: Standing,
    new: engine.Programme,
    move: Migration,
    at: datetime,
) -> MigrationLine:
    moment = at.astimezone(UTC)
    now = engine.evaluate(new, facts, moment)
    ruling = engine.rule(new, now, standing, moment)
    late = max(moment, move.ends_at)
    after = engine.evaluate(new, facts, late)
    since = standing.since if standing.tier == ruling.tier else moment
    left = engine.rule(
        new, after, replace(standing, tier=ruling.tier, kept_since=ruling.kept_since, since=since, ended=None), late
    ).tier
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
