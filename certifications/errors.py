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


class SigningKeyUnusable(DomainError):
    """The key that signs certificates is missing or wrong. The message tells the operator what to mend."""

    code = "signing_key_unusable"
    status = 503


class CredentialNotInForce(DomainError):
    """A revoked, replaced or suspended credential is not handed out as a certificate."""

    code = "credential_not_in_force"
    status = 410


class BadDesign(DomainError):
    """A page design that cannot be drawn or read: a colour too pale, a logo that is no picture."""

    code = "bad_design"
    status = 400


class AlreadyReplaced(DomainError):
    """Only the newest credential of a person and certification can be corrected, and only one that holds."""

    code = "already_replaced"
    status = 409


class BadRows(DomainError):
    """A file of many credentials that cannot be read as one."""

    code = "bad_rows"
    status = 400


class CertificationRetired(DomainError):
    """It is no longer offered."""

    code = "certification_retired"
    status = 409


class NothingHandedIn(DomainError):
    """Neither words nor a link nor a file, or a claim without what, when and how many."""

    code = "nothing_handed_in"
    status = 400


class AlreadyHandedIn(DomainError):
    """Something waits for its reviewer already, or the same points were claimed before."""

    code = "already_handed_in"
    status = 409


class TooManyHandedIn(DomainError):
    """More in a day than reviewers can read."""

    code = "too_many_handed_in"
    status = 429


class BadFile(DomainError):
    """A file that is too large, of a kind that is not taken, or not what its name says."""

    code = "bad_file"
    status = 400


class FileNotKept(DomainError):
    """The storage is full or down. Nothing was handed in."""

    code = "file_not_kept"
    status = 503


class AlreadyJudged(DomainError):
    """Another reviewer was quicker."""

    code = "already_judged"
    status = 409


class AddressTaken(DomainError):
    """The address of a public profile is in use, or is none."""

    code = "address_taken"
    status = 409
