"""What people decided about a partner's tier, as the evaluation and the decision log take it. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import F, Q

from lms.partners.models import Partner, TierName
from lms.tiers import engine
from lms.tiers.models import Appeal, Decision, TierAct
from lms.tiers.services.migrating import Move


@dataclass(frozen=True)
class Acts:
    """What counts of a partner at a moment: invitations, cure plans and endings, and upheld appeals."""

    acts: tuple[TierAct, ...]
    appeals: tuple[Appeal, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Oldest first, as a decision keeps it: who, when, why and until when."""
        found = [_told(act.kind, act, str(act.decided_by.public_id), act.decided_at, act.reason) for act in self.acts]
        for appeal in self.appeals:
            assert appeal.ruled_by is not None and appeal.ruled_at is not None  # noqa: S101, PT018  by a constraint
            found.append(_told("appeal", appeal, str(appeal.ruled_by.public_id), appeal.ruled_at, appeal.ruling))
        return sorted(found, key=lambda act: (str(act["at"]), str(act["reference"])))

    @property
    def _grants(self) -> list[TierAct | Appeal]:
        return [*(act for act in self.acts if act.kind == TierAct.Kind.PLAN), *self.appeals]

    def grants(self, tier: TierName) -> bool:
        """Whether a cure plan or an upheld appeal lets the partner hold the tier, or one above."""
        return any(one.tier.rank >= tier.rank for one in self._grants)

    def granted(self, rules: engine.Programme, move: Move | None = None) -> tuple[str | None, datetime | None]:
        """The highest tier of the rules that a cure plan or an upheld appeal lets the partner hold, and the end of its
        last day (UTC). One granted before `move` began is what the migration map makes of its tier, until the last day
        without loss. A tier that the programme does not have grants nothing: then the next best counts."""
        order = {tier.id: place for place, tier in enumerate(rules.tiers)}
        found = (_as_now(one, move) for one in self._grants)
        best = max(
            ((order[tier], until, tier) for tier, until in found if until is not None and tier in order), default=None
        )
        if best is None:
            return None, None
        return best[2], datetime.combine(best[1] + timedelta(days=1), time.min, UTC)

    def ended(self, newest: Decision) -> str | None:
        """The tier held, where a person ended it after the decision that keeps it."""
        is_ended = any(
            act.kind == TierAct.Kind.ENDING and act.tier_id == newest.tier_id and act.decided_at >= newest.decided_at
            for act in self.acts
        )
        return newest.tier.slug if is_ended else None


def _as_now(grant: TierAct | Appeal, move: Move | None) -> tuple[str, date | None]:
    """The tier that it grants by today's rules, and the last day."""
    tier, until = grant.tier.slug, grant.until
    decided_at = grant.ruled_at if isinstance(grant, Appeal) else grant.decided_at
    if move is None or decided_at is None or decided_at >= move.began or move.map.retained(tier) == tier:
        return tier, until
    return move.map.tiers[tier], None if until is None else min(until, move.map.until)


def acts_of(partner: Partner, at: datetime) -> Acts:
    """Everything that people decided on the partner and that counts at `at`. Two queries.

    The end of a kept tier counts until a decision has followed it: while the partner holds that tier.
    """
    return acts_of_each([partner], at)[partner.pk]


def acts_of_each(partners: Sequence[Partner], at: datetime) -> dict[int, Acts]:
    """As `acts_of`, of many, by primary key. Two queries."""
    on = at.astimezone(UTC).date()
    of_this_stay = Q(tier=F("partner__current_tier")) & (
        Q(partner__tier_since=None) | Q(decided_at__gte=F("partner__tier_since"))
    )
    acts = TierAct.objects.filter(
        Q(until=None) | Q(until__gte=on),
        Q(ended_at=None) | Q(ended_at__gt=at),
        ~Q(kind=TierAct.Kind.ENDING) | of_this_stay,
        partner__in=partners,
        decided_at__lte=at,
    )
    appeals = Appeal.objects.filter(partner__in=partners, ruled_at__lte=at, is_upheld=True, until__gte=on)
    decided: dict[int, list[TierAct]] = defaultdict(list)
    upheld: dict[int, list[Appeal]] = defaultdict(list)
    for act in acts.select_related("tier", "decided_by"):
        decided[act.partner_id].append(act)
    for appeal in appeals.select_related("tier", "ruled_by"):
        upheld[appeal.partner_id].append(appeal)
    return {one.pk: Acts(tuple(decided[one.pk]), tuple(upheld[one.pk])) for one in partners}


def _told(kind: str, act: TierAct | Appeal, by: str, at: datetime, reason: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "reference": str(act.public_id),
        "tier": act.tier.slug,
        "by": by,
        "at": at.astimezone(UTC).isoformat(),
        "until": None if act.until is None else act.until.isoformat(),
        "reason": reason,
    }
