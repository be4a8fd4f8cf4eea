"""The partner itself: its tier as shown, and suspension."""

from datetime import datetime

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.partners.models import Partner, TierName


@transaction.atomic
def set_tier(*, partner: Partner, tier: TierName, at: datetime) -> Partner:
    """Shows the tier a decision came to. `tier_since` moves only when the tier does; the same again changes nothing."""
    changed = Partner.objects.filter(pk=partner.pk).exclude(current_tier=tier).update(current_tier=tier, tier_since=at)
    if changed:
        partner.current_tier, partner.tier_since = tier, at
        record_audit(
            action="partners.set_tier",
            actor=None,
            at=at,
            target=partner,
            partner_id=partner.public_id,
            detail={"tier": tier.slug},
        )
    return partner


@transaction.atomic
def suspend_partner(*, partner: Partner, by: User, reason: str, at: datetime) -> Partner:
    """Refuses the partner's people from their next request on; what they did stays. Twice changes nothing."""
    changed = Partner.objects.filter(pk=partner.pk, suspended_at=None).update(
        suspended_at=at, suspended_by=by, suspension_reason=reason
    )
    if changed:
        record_audit(
            action="partners.suspend_partner",
            actor=by,
            at=at,
            target=partner,
            partner_id=partner.public_id,
            detail={"reason": reason},
        )
    partner.refresh_from_db()
    return partner


@transaction.atomic
def reinstate_partner(*, partner: Partner, by: User, at: datetime) -> Partner:
    """Ends a suspension. Twice changes nothing."""
    changed = Partner.objects.filter(pk=partner.pk, suspended_at__isnull=False).update(
        suspended_at=None, suspended_by=None, suspension_reason=""
    )
    if changed:
        record_audit(action="partners.reinstate_partner", actor=by, at=at, target=partner, partner_id=partner.public_id)
    partner.refresh_from_db()
    return partner
