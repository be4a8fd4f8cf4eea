"""What happens to a credential after issue. Each change adds a fact with who, when and why; nothing is blanked."""

from datetime import datetime

from django.db import transaction

from certifications import errors
from certifications.events import CredentialRevoked
from certifications.models import Credential
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit


@transaction.atomic
def revoke_credential(*, credential: Credential, by: User, reason: str, at: datetime) -> None:
    """Takes a credential back: adds who, when and why, and blanks nothing. A second revocation changes nothing.

    Emits CredentialRevoked and writes the audit log. Raises NotAllowed (permission certifications.revoke_credential),
    ReasonMissing.
    """
    if not by.has_perm("certifications.revoke_credential", credential):
        raise errors.NotAllowed("You may not revoke certificates. Nothing was changed.")
    reason = guards.clean_name(reason)[:300]
    if not reason:
        raise errors.ReasonMissing("Say why the certificate is revoked. Nothing was changed.")
    changed = Credential.objects.filter(pk=credential.pk, revoked_at=None).update(
        revoked_at=at, revoked_by=by, revocation_reason=reason
    )
    if changed != 1:
        return
    credential.refresh_from_db(fields=["revoked_at", "revoked_by", "revocation_reason"])
    record_audit(
        action="certifications.revoke_credential", actor=by, at=at, target=credential, detail={"reason": reason}
    )
    emit(CredentialRevoked(at=at, credential_id=credential.public_id, person_id=credential.person.public_id))
