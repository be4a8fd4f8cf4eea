"""Why a badge cannot be signed."""

from lms.common.errors import DomainError


class KeyUnreadable(DomainError):
    """The signing key was sealed with another SECRET_KEY."""

    code = "key_unreadable"
    status = 503
