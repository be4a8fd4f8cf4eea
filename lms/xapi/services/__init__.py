"""Every write of the statement store."""

from lms.xapi.services.attachments import attached_files, attachments_of
from lms.xapi.services.credentials import (
    authenticate,
    create_credential,
    end_sessions,
    forget_sessions,
    open_session,
    revoke_credential,
)
from lms.xapi.services.documents import (
    delete_document,
    delete_states,
    get_document,
    list_documents,
    post_document,
    put_document,
)
from lms.xapi.services.limits import charge
from lms.xapi.services.receiving import receive_statements
from lms.xapi.services.recording import platform_authority, record, void_statement

__all__ = [
    "attached_files",
    "attachments_of",
    "authenticate",
    "charge",
    "create_credential",
    "delete_document",
    "delete_states",
    "end_sessions",
    "forget_sessions",
    "get_document",
    "list_documents",
    "open_session",
    "platform_authority",
    "post_document",
    "put_document",
    "receive_statements",
    "record",
    "revoke_credential",
    "void_statement",
]
