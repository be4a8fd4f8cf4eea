"""What can go wrong with badges, each with its sentence."""

from lms.common.errors import DomainError


class KeyUnreadable(DomainError):
    """The signing key was sealed with another secret, or is not the key its row says."""

    code = "key_unreadable"
    status = 503


class PictureUnreadable(DomainError):
    """An upload that is no picture, or too large a one."""

    code = "picture_unreadable"
    status = 400


class NotAllowed(DomainError):
    """The person lacks the permission."""

    code = "not_allowed"
    status = 403


class InvalidPathway(DomainError):
    """A pathway that asks for nothing, for more than it has, or for itself."""

    code = "invalid_pathway"
    status = 400
