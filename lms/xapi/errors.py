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


class NotAuthenticated(DomainError):
    """No credential, or not one that opens the door."""

    code = "not_authenticated"
    status = 401
