"""Why a use case of this app is refused."""

from lms.common.errors import DomainError


class NotAllowed(DomainError):
    """The person may not do this with credentials."""

    code = "not_allowed"
    status = 403


class ReasonMissing(DomainError):
    """A revocation without a reason."""

    code = "reason_missing"
    status = 400
