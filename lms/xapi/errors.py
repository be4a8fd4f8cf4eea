"""What the statement store refuses."""

from lms.common.errors import DomainError


class InvalidStatement(DomainError):
    """A statement breaks the specification. The message starts with the JSON pointer of the offending part."""

    code = "invalid_statement"
    status = 400

    def __init__(self, pointer: str, problem: str) -> None:
        self.pointer = pointer
        super().__init__(f"{pointer or 'The statement'}: {problem}")


class InvalidQuery(DomainError):
    """A request asks for something that the statements resource does not know."""

    code = "invalid_query"
    status = 400


class StatementConflict(DomainError):
    """Another statement is stored under the same id. Nothing of it is told."""

    code = "statement_conflict"
    status = 409


class VoidingRefused(DomainError):
    """The statement to be voided is itself a voiding statement."""

    code = "voiding_refused"
    status = 400


class NotYours(DomainError):
    """The credential may not say or read this."""

    code = "not_yours"
    status = 403


class UnknownStatement(DomainError):
    """No such statement, or not one to be seen."""

    code = "unknown_statement"
    status = 404


class TooLarge(DomainError):
    """More than is read in one request."""

    code = "too_large"
    status = 413


class InvalidCredential(DomainError):
    """A credential that must not exist."""

    code = "invalid_credential"
    status = 400


class InvalidPeer(DomainError):
    """Another record store that cannot be named so."""

    code = "invalid_peer"
    status = 400


class NotAuthenticated(DomainError):
    """No credential, or not one that opens the door."""

    code = "not_authenticated"
    status = 401


class NotSupported(DomainError):
    """The resource has no such method."""

    code = "method_not_allowed"
    status = 405


class UnknownDocument(DomainError):
    """No such document, or not one to be seen."""

    code = "unknown_document"
    status = 404


class InvalidDocument(DomainError):
    """A document that cannot be stored or merged."""

    code = "invalid_document"
    status = 400


class DocumentConflict(DomainError):
    """A document is there already, and the request does not say that it knows which."""

    code = "document_conflict"
    status = 409


class PreconditionMissing(DomainError):
    """xAPI 1.0.3 wants If-Match or If-None-Match when a profile is put."""

    code = "precondition_missing"
    status = 400


class PreconditionFailed(DomainError):
    """The document is not the one that If-Match or If-None-Match speaks of."""

    code = "precondition_failed"
    status = 412


class InvalidAttachment(DomainError):
    """A multipart body, or one of its parts, is not what the statements say."""

    code = "invalid_attachment"
    status = 400


class LengthRequired(DomainError):
    """A body whose length is not said beforehand."""

    code = "length_required"
    status = 411


class RateLimited(DomainError):
    """The credential has used up its limit; `retry_after` seconds from now it may go on."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("This credential has sent all it may in a minute. Nothing was stored. Wait, then go on.")
        self.retry_after = retry_after


class ArchiveRefused(DomainError):
    """Statements may not leave the store now: a legal hold, a month that is not over, another store that waits."""

    code = "archive_refused"


class BrokenArchive(DomainError):
    """The files of an archive are not what its manifest says."""

    code = "broken_archive"
    status = 400
