"""An open appeal, so that the pages on what people decide have something to show."""

from datetime import datetime

from lms.partners.models import Membership, Partner, TierName
from lms.tiers.services import raise_appeal

TEXT = (
    "Two of our engineers passed their exams at your training day in spring. The results were on paper, so they are "
    "missing here. The list is attached to the minutes of that day."
)


def raise_one_appeal(at: datetime) -> None:
    """By the manager of the first partner by name that has a tier above it."""
    top = TierName.objects.order_by("-rank").first()
    for partner in Partner.objects.filter(suspended_at=None).select_related("current_tier").order_by("name"):
        newest = partner.decisions.select_related("partner", "tier").order_by("-number").first()
        managers = Membership.objects.active(at.date()).managers().filter(partner=partner).order_by("pk")
        manager = managers.select_related("person").first()
        if newest is None or manager is None or top is None or newest.tier.rank >= top.rank:
            continue
        asked = TierName.objects.filter(rank__gt=newest.tier.rank).order_by("rank")[0]
        raise_appeal(decision=newest, tier=asked, text=TEXT, evidence=b"", evidence_name="", by=manager.person, at=at)
        return
