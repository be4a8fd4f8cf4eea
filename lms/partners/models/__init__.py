"""Tables of partners."""

from lms.partners.models.alignment import AlignmentAnswer, AlignmentAnswerQuerySet
from lms.partners.models.counterparts import Counterpart, CounterpartQuerySet
from lms.partners.models.organisations import (
    Benefit,
    BenefitQuerySet,
    Invitation,
    InvitationQuerySet,
    Membership,
    MembershipQuerySet,
    Partner,
    PartnerQuerySet,
    PartnerType,
    Persona,
    Region,
    SlugManager,
    TierName,
    Vocabulary,
    today,
    vendor_staff,
)

__all__ = [
    "AlignmentAnswer",
    "AlignmentAnswerQuerySet",
    "Benefit",
    "BenefitQuerySet",
    "Counterpart",
    "CounterpartQuerySet",
    "Invitation",
    "InvitationQuerySet",
    "Membership",
    "MembershipQuerySet",
    "Partner",
    "PartnerQuerySet",
    "PartnerType",
    "Persona",
    "Region",
    "SlugManager",
    "TierName",
    "Vocabulary",
    "today",
    "vendor_staff",
]
