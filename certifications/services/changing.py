"""What happens to a credential after issue. Each change adds a fact with who, when and why; nothing is blanked."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from certifications import errors
from certifications.events import CredentialIssued, CredentialReinstated, CredentialRevoked, CredentialSuspended
from certifications.models import Credential, Suspension
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit


@transaction.atomic
def revoke_credential(*, credential: Credential, by: User, reason: str, at: datetime) -> None:
    """Takes a credential back, for good: adds who, when and why, and blanks nothing. A second revocation changes
    nothing.

    Emits CredentialRevoked and writes the audit log. Raises NotAllowed (permission certifications.revoke_credential),
    ReasonMissing.
    """
    take_back(credential, by, _checked(credential, by, reason), at)


def take_back(credential: Credential, by: User, reason: str, at: datetime) -> None:
    """Revokes without asking whether `by` may: his decision was another one, and this follows from it. Call it in a
    transaction."""
    changed = Credential.objects.filter(pk=credential.pk, revoked_at=None).update(
        revoked_at=at, revoked_by=by, revocation_reason=reason
    )
    if changed != 1:
        return
    credential.refresh_from_db(fields=["revoked_at", "revoked_by", "revocation_reason"])
    _audit("revoke_credential", credential, by, reason, at)
    emit(CredentialRevoked(at=at, credential_id=credential.public_id, person_id=credential.person.public_id))


@transaction.atomic
def suspend_credential(*, credential: Credential, by: User, reason: str, at: datetime) -> None:
    """Lets a credential rest, as while something is looked into. A suspended one stays as it is: a second suspension
    changes nothing, and a revoked one is not suspended.

    Emits CredentialSuspended and writes the audit log. Raises NotAllowed, ReasonMissing. Two at once: the conditional
    update lets one through.
    """
    reason = _checked(credential, by, reason)
    wanted = Credential.objects.filter(pk=credential.pk, revoked_at=None, suspended_at=None)
    if wanted.update(suspended_at=at) != 1:
        return
    Suspension.objects.create(credential=credential, suspended_at=at, suspended_by=by, reason=reason)
    credential.refresh_from_db(fields=["suspended_at"])
    _audit("suspend_credential", credential, by, reason, at)
    emit(CredentialSuspended(at=at, credential_id=credential.public_id, person_id=credential.person.public_id))


@transaction.atomic
def reinstate_credential(*, credential: Credential, by: User, reason: str, at: datetime) -> None:
    """Ends a suspension: the credential holds again, to the last day it had. One that is not suspended stays as it is.

    A revoked one does not come back: whoever checked it was told that it never will; issue a new one. Emits
    CredentialReinstated and writes the audit log. Raises NotAllowed, ReasonMissing, CredentialNotInForce (revoked).
    """
    reason = _checked(credential, by, reason)
    if credential.revoked_at is not None:
        raise errors.CredentialNotInForce(
            "A revoked certificate does not come back. Issue a new one, which has a number of its own."
        )
    if Credential.objects.filter(pk=credential.pk, suspended_at__isnull=False).update(suspended_at=None) != 1:
        return
    Suspension.objects.filter(credential=credential, lifted_at=None).update(
        lifted_at=at, lifted_by=by, lift_reason=reason
    )
    credential.refresh_from_db(fields=["suspended_at"])
    _audit("reinstate_credential", credential, by, reason, at)
    emit(CredentialReinstated(at=at, credential_id=credential.public_id, person_id=credential.person.public_id))


@transaction.atomic
def reissue_credential(*, credential: Credential, holder_name: str, by: User, reason: str, at: datetime) -> Credential:
    """Corrects the holder's name: a new credential with a number of its own says everything else the old one said;
    the old one is revoked and points to it. Replaying returns the new one there is.

    Emits CredentialRevoked and CredentialIssued and writes the audit log; the statement of what was earned stays the
    one it was. Raises NotAllowed, ReasonMissing (no name or no reason), AlreadyReplaced for one that is revoked or is
    not the newest, CredentialNotInForce for a suspended one. Two at once: the unique sequence lets one through.
    """
    reason = _checked(credential, by, reason)
    name = guards.clean_name(holder_name)[:150]
    if not name:
        raise errors.ReasonMissing("Write the name as it should stand on the certificate. Nothing was changed.")
    if credential.replaced_by is not None:
        return credential.replaced_by
    _check_newest(credential)
    made = Credential(
        certification=credential.certification,
        person=credential.person,
        membership=credential.membership,
        sequence=credential.sequence + 1,
        holder_name=name,
        snapshot=replace(credential.as_issued, holder_name=name).as_json(),
        issued_at=at,
        expires_on=credential.expires_on,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise errors.AlreadyReplaced("Somebody else just issued a newer certificate. Nothing was changed.") from error
    Credential.objects.filter(pk=credential.pk).update(
        replaced_by=made, revoked_at=at, revoked_by=by, revocation_reason=reason
    )
    credential.refresh_from_db()
    _audit("reissue_credential", credential, by, reason, at)
    person = credential.person.public_id
    statement = UUID(made.as_issued.statement_id)
    emit(CredentialRevoked(at=at, credential_id=credential.public_id, person_id=person))
    emit(CredentialIssued(at=at, credential_id=made.public_id, person_id=person, statement_id=statement))
    return made


def _check_newest(credential: Credential) -> None:
    credential.check_in_force()
    newer = Credential.objects.filter(
        person=credential.person, certification=credential.certification, sequence__gt=credential.sequence
    )
    if newer.exists():
        raise errors.AlreadyReplaced("There is a newer certificate: correct that one. Nothing was changed.")


def _checked(credential: Credential, by: User, reason: str) -> str:
    """The reason on one line. Raises NotAllowed, ReasonMissing."""
    if not by.has_perm("certifications.revoke_credential", credential):
        raise errors.NotAllowed("You may not change certificates that were issued. Nothing was changed.")
    reason = guards.clean_name(reason)[:300]
    if not reason:
        raise errors.ReasonMissing("Say why: the reason stays on record. Nothing was changed.")
    return reason


def _audit(deed: str, credential: Credential, by: User, reason: str, at: datetime) -> None:
    record_audit(action=f"certifications.{deed}", actor=by, at=at, target=credential, detail={"reason": reason})
