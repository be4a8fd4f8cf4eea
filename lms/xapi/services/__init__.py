"""Every write of the statement store."""

from lms.xapi.services.credentials import authenticate, create_credential, revoke_credential
from lms.xapi.services.receiving import receive_statements
from lms.xapi.services.recording import platform_authority, record, void_statement

__all__ = [
    "authenticate",
    "create_credential",
    "platform_authority",
    "receive_statements",
    "record",
    "revoke_credential",
    "void_statement",
]
