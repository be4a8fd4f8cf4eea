"""The one base of errors that a person can cause and understand."""


class DomainError(Exception):
    """A refused use case. Subclass per reason; `code` is for machines, the message is shown to people.

    The message says what happened, what was kept and what to do next. Pages show it, the API sends it as
    problem+json with `status`.
    """

    code = "refused"
    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class RequestReused(DomainError):
    """The same idempotency key with another content."""

    code = "request_reused"
    status = 422
