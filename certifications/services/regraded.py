"""Credentials whose exam was marked again and is no pass any more."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from certifications.models import Credential
from certifications.services.changing import take_back
from certifications.services.issuing import what_earns
from lms.assessments import statements
from lms.assessments.models import Attempt, Regrade


@transaction.atomic
def revoke_after_regrade(*, person_id: UUID, attempt_id: UUID, regrade_id: UUID, at: datetime) -> list[Credential]:
    """Takes back the credentials that rest on an attempt which is no pass any more. Ids are public ids.

    A credential stays when it would have been issued without the attempt (another pass; another requirement where one
    is enough; enough other points; practice), when it was issued by decision, and when it has expired. Revoked in the
    name of who ordered the regrade, with its reason. Returns what was revoked; a repeat revokes nothing more.
    """
    regrade = Regrade.objects.select_related("ordered_by").get(public_id=regrade_id)
    attempt = Attempt.objects.get(public_id=attempt_id)
    if attempt.is_passed:  # marked once more since: what that turned is told by a message of its own
        return []
    told = {str(one) for one in statements.scored_ids(attempt)}
    # not by what the certification asks for today: the exam may have given points, or be asked for no more
    held = Credential.objects.filter(person__public_id=person_id, revoked_at=None, issued_at__lte=at).filter(
        Q(expires_on=None) | Q(expires_on__gte=at.astimezone(UTC).date())
    )
    revoked = []
    for credential in held.select_related("person", "certification").order_by("pk"):
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
    """Whether it would have been issued all the same: another pass stands in for this one (an older one renews
    nothing), or what else was done by then earns it. The attempt itself is no pass any more, so it counts nowhere."""
    passes = Attempt.objects.passed().filter(
        person=credential.person_id, assessment=attempt.assessment_id, submitted_at__lte=credential.issued_at
    )
    if renewed is not None:
        passes = passes.filter(submitted_at__gt=renewed.issued_at)
        _as_it_was(renewed, credential.issued_at)
    if passes.exists():
        return True
    return what_earns(credential.person, credential.certification, renewed, credential.issued_at) is not None


def _as_it_was(renewed: Credential, at: datetime) -> None:
    """Forgets, on this object alone, what befell it after `at`: it was renewed before that."""
    if renewed.revoked_at is not None and renewed.revoked_at > at:
        renewed.revoked_at = None
    if renewed.suspended_at is not None and renewed.suspended_at > at:
        renewed.suspended_at = None


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
