"""Every write of the statement store."""

from lms.xapi.services.archiving import archivable, archive_month, begin_hold, end_hold
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
from lms.xapi.services.forwarding import forward_due, forward_statements, retry_dead_letters
from lms.xapi.services.importing import begin_import, import_statements
from lms.xapi.services.limits import charge
from lms.xapi.services.peers import add_source, add_target, pause_peer, remove_peer, replay_target, resume_peer
from lms.xapi.services.pseudonymising import pseudonymise_person
from lms.xapi.services.pulling import pull_due, pull_statements
from lms.xapi.services.receiving import receive_statements
from lms.xapi.services.recording import platform_authority, record, void_statement
from lms.xapi.services.replaying import replay_milestones
from lms.xapi.services.restoring import restore_archive
from lms.xapi.services.skipping import skip_failing

__all__ = [
    "add_source",
    "add_target",
    "archivable",
    "archive_month",
    "attached_files",
    "attachments_of",
    "authenticate",
    "begin_import",
    "begin_hold",
    "charge",
    "create_credential",
    "delete_document",
    "delete_states",
    "end_hold",
    "end_sessions",
    "forget_sessions",
    "forward_due",
    "forward_statements",
    "get_document",
    "import_statements",
    "list_documents",
    "open_session",
    "pause_peer",
    "platform_authority",
    "post_document",
    "pseudonymise_person",
    "pull_due",
    "pull_statements",
    "put_document",
    "receive_statements",
    "record",
    "remove_peer",
    "replay_milestones",
    "replay_target",
    "restore_archive",
    "resume_peer",
    "retry_dead_letters",
    "revoke_credential",
    "skip_failing",
    "void_statement",
]
