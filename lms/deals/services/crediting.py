"""Neutral credit: the vendor's own seller earns the same whether the partner or he closes. He need not compete."""

from datetime import datetime

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.deals.errors import NoPolicy, NotYourMove
from lms.deals.models import Deal
from lms.deals.services import steps
from lms.deals.services.interest import require_no_interest


@transaction.atomic
def credit_neutrally(*, deal: Deal, is_neutral: bool, by: User, at: datetime) -> Deal:
    """Writes down on the deal, for the partner to read, that the vendor's seller is credited neutrally, or that he is
    not any more. Twice changes nothing; each change is in the audit log.

    Raises NotYourMove, OwnInterest for who has an interest in the deal, NoPolicy where its rules promise no such
    credit. Locks the deal.
    """
    if not by.has_perm("deals.review_deal", deal):
        raise NotYourMove("Our channel managers write this down. Nothing was changed.")
    require_no_interest(deal=deal, by=by, at=at)
    deal = steps.locked(deal)
    if is_neutral == (deal.neutral_credit_at is not None):
        return deal
    if is_neutral and not deal.rules.rules.neutral_credit:
        raise NoPolicy(f"Version {deal.rules.number} of the rules promises no neutral credit. Nothing was changed.")
    deal.neutral_credit_at, deal.neutral_credit_by = (at, by) if is_neutral else (None, None)
    deal.save(update_fields=["neutral_credit_at", "neutral_credit_by"])
    record_audit(
        action="deals.credit_neutrally",
        actor=by,
        at=at,
        target=deal,
        partner_id=deal.partner.public_id,
        detail={"is_neutral": is_neutral},
    )
    return deal
