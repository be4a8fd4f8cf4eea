"""A partner's deals on its page: figures, and the way to them."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from lms.accounts.models import User
from lms.deals.models import Deal
from lms.deals.services import board
from lms.deals.services.figures import Stage
from lms.deals.services.reciprocity import Balance, balance_of, periods
from lms.partners.models import Partner


@dataclass(frozen=True, kw_only=True)
class DealCard:
    """`stages` are those with deals; `register_url` is empty for who does not register for this partner.
    `balance` is what was given and brought in twelve months, None for who does not see it."""

    stages: tuple[Stage, ...]
    pipeline_url: str
    register_url: str
    balance: Balance | None


def deal_card(partner: Partner, user: User, acting_for: Partner | None, *, at: datetime) -> DealCard:
    """One query, two more for who sees the balance. `acting_for` is the partner the person has chosen: deals are
    registered for that one.
    """
    is_own = user.has_perm("deals.register_deal", partner)
    query = "" if is_own else f"?partner={partner.slug}"
    return DealCard(
        stages=tuple(stage for stage in board(Deal.objects.visible_to(user).filter(partner=partner)) if stage.count),
        pipeline_url=f"{reverse('deals:pipeline')}{query}",
        register_url=reverse("deals:register") if is_own and partner == acting_for else "",
        balance=balance_of(partner, periods(at)["months"])
        if user.has_perm("deals.view_reciprocity", partner)
        else None,
    )
