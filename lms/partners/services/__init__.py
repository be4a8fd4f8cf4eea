"""Every write about partners and their people."""

from lms.partners.services.benefits import has_benefit, set_benefits
from lms.partners.services.errors import (
    AlreadyMember,
    InvitationClosed,
    InvitationForOther,
    LastManager,
    MembershipEnded,
    OwnRole,
    PartnerSuspended,
    RoleTooHigh,
    TooManyInvitations,
)
from lms.partners.services.invitations import (
    accept_invitation,
    find_invitation,
    invite_person,
    withdraw_invitation,
)
from lms.partners.services.memberships import (
    change_membership,
    current_membership,
    join_partner,
    leave_partner,
)
from lms.partners.services.organisations import reinstate_partner, set_tier, suspend_partner

__all__ = [
    "AlreadyMember",
    "InvitationClosed",
    "InvitationForOther",
    "LastManager",
    "MembershipEnded",
    "OwnRole",
    "PartnerSuspended",
    "RoleTooHigh",
    "TooManyInvitations",
    "accept_invitation",
    "change_membership",
    "current_membership",
    "find_invitation",
    "has_benefit",
    "invite_person",
    "join_partner",
    "leave_partner",
    "reinstate_partner",
    "set_benefits",
    "set_tier",
    "suspend_partner",
    "withdraw_invitation",
]
