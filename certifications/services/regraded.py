"""Credentials whose exam was marked again and is no pass any more."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from certifications import evidence
from certifications.models import Credential
from certifications.services.changing import take_back
from lms.assessments import statements
from lms.assessments.models import Attempt, Regrade


@transaction.atomic
def revoke_after_regrade(*, person_id: UUID, attempt_id: UUID, regrade_id: UUID, at: datetime) -> list[Credential]:
    """Takes back the credentials that rest on an attempt which is no pass any more. Ids are public ids.

    A credential stays when what it asks for was met without the attempt by the day it was issued (another pass; another
    requirement where one is enough), when it was issued by decision, and when it has expired. Revoked in the name of
    who ordered the regrade, with its reason. Returns what was revoked; a repeat revokes nothing more.
    """
    regrade = Regrade.objects.select_related("ordered_by").get(public_id=regrade_id)
    attempt = Attempt.objects.get(public_id=attempt_id)
    if attempt.is_passed:  # marked once more since: what that turned is told by a message of its own
        return []
    told = {str(one) for one in statements.scored_ids(attempt)}
    held = (
        Credential.objects.filter(person__public_id=person_id, revoked_at=None, issued_at__lte=at)
        .filter(Q(expires_on=None) | Q(expires_on__gte=at.astimezone(UTC).date()))
        .filter(certification__requirements__assessment=attempt.assessment_id)
    )
    revoked = []
    for credential in held.select_related("person", "certification").distinct().order_by("pk"):
        first, renewed = _history(credential)
        if _rests_on(first, attempt, told) and not _stands_without(first, renewed, attempt):
            take_back(credential, regrade.ordered_by, f"Exam marked again: {regrade.reason}"[:300], at)
            revoked.append(credential)
    return revoked


def _rests_on(credential: Credential, attempt: Attempt, told: set[str]) -> bool:
    """Whether the attempt is what it was issued for: by the statement it names, or, where that was not stored, by the
    attempt it keeps."""
    named = {one.statement_id for one in credential.as_issued.requirements if one.statement_id}
    return credential.attempt_id == attempt.pk or bool(named & told)


def _stands_without(credential: Credential, renewed: Credential | None, attempt: Attempt) -> bool:
    """Whether it would have been issued all the same: an older pass earns it the first time, but renews nothing."""
    certification = credential.certification
    requirements = [one for one in evidence.requirements_of(certification) if not one.is_for_renewal]
    found = evidence.gather(credential.person, requirements, credential.issued_at)
    if renewed is not None:
        found = found.since(renewed.issued_at)
    if certification.needs_any:
        return bool(found.attempts) if renewed else found.meets(requirements, any_is_enough=True)
    return attempt.assessment_id in found.attempts


def _history(credential: Credential) -> tuple[Credential, Credential | None]:
    """The credential that was earned (this may be a copy of it with a corrected name), and the one it renewed."""
    earlier = Credential.objects.select_related("person", "certification").filter(
        person=credential.person_id, certification=credential.certification_id, sequence__lt=credential.sequence
    )
    for one in earlier.order_by("-sequence"):
        if one.replaced_by_id != credential.pk:
            return credential, one
        credential = one
    return credential, None
