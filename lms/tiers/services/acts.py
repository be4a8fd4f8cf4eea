"""What people decided about a partner's tier, as the evaluation and the decision log take it. Reads only."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Q

from lms.partners.models import Partner, TierName
from lms.tiers import engine
from lms.tiers.models import Appeal, Decision, TierAct


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

    def granted(self, rules: engine.Programme) -> tuple[str | None, datetime | None]:
        """The highest tier of the rules that a cure plan or an upheld appeal lets the partner hold, and the end of its
        last day (UTC). A tier that left the programme is what its migration map makes of it, and else grants nothing:
        then the next best counts."""
        order = {tier.id: place for place, tier in enumerate(rules.tiers)}
        became = rules.migration.tiers if rules.migration is not None else {}
        found = ((became.get(one.tier.slug, one.tier.slug), one.until) for one in self._grants)
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


def acts_of(partner: Partner, at: datetime) -> Acts:
    """Everything that people decided on the partner and that counts at `at`. Two queries.

    The end of a kept tier counts until a decision has followed it: while the partner holds that tier.
    """
    on = at.astimezone(UTC).date()
    since = {} if partner.tier_since is None else {"decided_at__gte": partner.tier_since}
    of_this_stay = Q(tier=partner.current_tier_id, **since)
    acts = TierAct.objects.filter(
        Q(until=None) | Q(until__gte=on),
        Q(ended_at=None) | Q(ended_at__gt=at),
        ~Q(kind=TierAct.Kind.ENDING) | of_this_stay,
        partner=partner,
        decided_at__lte=at,
    )
    appeals = Appeal.objects.filter(partner=partner, ruled_at__lte=at, is_upheld=True, until__gte=on)
    return Acts(tuple(acts.select_related("tier", "decided_by")), tuple(appeals.select_related("tier", "ruled_by")))


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
