"""Every write about partners and their people."""

from lms.partners.services.aligning import AlignmentRow, alignment_rows, answer_alignment, red_flags
from lms.partners.services.benefits import has_benefit, set_benefits
from lms.partners.services.counterparts import end_counterpart, members_for, name_counterpart
from lms.partners.services.errors import (
    AlreadyMember,
    InvitationClosed,
    InvitationForOther,
    LastManager,
    MembershipEnded,
    NotAvailable,
    NotYourSide,
    OwnRole,
    PartnerSuspended,
    RoleTooHigh,
    TooManyInvitations,
    UnknownQuestion,
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
from lms.partners.services.standing import Place, Places, places, sponsor_gaps

__all__ = [
    "AlignmentRow",
    "AlreadyMember",
    "InvitationClosed",
    "InvitationForOther",
    "LastManager",
    "MembershipEnded",
    "NotAvailable",
    "NotYourSide",
    "OwnRole",
    "PartnerSuspended",
    "Place",
    "Places",
    "RoleTooHigh",
    "TooManyInvitations",
    "UnknownQuestion",
    "accept_invitation",
    "alignment_rows",
    "answer_alignment",
    "change_membership",
    "current_membership",
    "end_counterpart",
    "find_invitation",
    "has_benefit",
    "invite_person",
    "join_partner",
    "leave_partner",
    "members_for",
    "name_counterpart",
    "places",
    "red_flags",
    "reinstate_partner",
    "set_benefits",
    "set_tier",
    "sponsor_gaps",
    "suspend_partner",
    "withdraw_invitation",
]
