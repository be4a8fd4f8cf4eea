"""Why a change of partners and their people can be refused."""

from lms.common.errors import DomainError


class AlreadyMember(DomainError):
    """The person belongs to the partner already."""

    code = "already_member"


class RoleTooHigh(DomainError):
    """Somebody tried to give a role above his own."""

    code = "role_too_high"
    status = 403


class OwnRole(DomainError):
    """Somebody tried to change his own role, or to end his own membership as a manager."""

    code = "own_role"
    status = 403


class LastManager(DomainError):
    """The change would leave the partner without a manager."""

    code = "last_manager"


class MembershipEnded(DomainError):
    """The membership has ended; a new one is needed."""

    code = "membership_ended"


class PartnerSuspended(DomainError):
    """Nothing about this partner's people changes while it is suspended."""

    code = "partner_suspended"
    status = 403


class InvitationClosed(DomainError):
    """The invitation was used, withdrawn, has expired or never existed: the answer is the same for all."""

    code = "invitation_closed"
    status = 410


class InvitationForOther(DomainError):
    """The invitation is for another address than the one signed in with."""

    code = "invitation_for_other"
    status = 403


class TooManyInvitations(DomainError):
    """Letters are limited, per address and per partner."""

    code = "too_many_invitations"
    status = 429


class NotYourSide(DomainError):
    """Somebody speaks for a side of the partnership that is not his."""

    code = "not_your_side"
    status = 403


class NotAvailable(DomainError):
    """The person named does not stand, or no longer stands, on that side."""

    code = "not_available"


class UnknownQuestion(DomainError):
    """The checklist has no such question, or its words have changed since the form was opened."""

    code = "unknown_question"
