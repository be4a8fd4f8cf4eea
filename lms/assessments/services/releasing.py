"""Results that are kept back until somebody releases them."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.events import ResultReleased
from lms.assessments.models import Assessment, Attempt
from lms.assessments.services.attempts import tell_result
from lms.events.services import emit


@transaction.atomic
def release_results(*, assessment: Assessment, by: User, at: datetime) -> int:
    """Releases the held results of an exam, now and for who hands in later. Returns how many were held. Audited.

    Each is told in a transaction of its own, by the outbox (ResultReleased): the request is quick in any case.
    """
    Assessment.objects.filter(pk=assessment.pk, results_released_at=None).update(results_released_at=at)
    held = Attempt.objects.filter(assessment=assessment, held_at__isnull=False, released_at=None)
    attempts = list(held.values_list("public_id", flat=True))
    emit(*(ResultReleased(at=at, attempt_id=public_id) for public_id in attempts))
    record_audit(
        action="assessments.release_results", actor=by, at=at, target=assessment, detail={"attempts": len(attempts)}
    )
    return len(attempts)


def release_if_due(*, attempt_id: UUID, at: datetime) -> bool:
    """Releases a held result of an exam whose results are released. Returns whether it did."""
    held = Attempt.objects.filter(public_id=attempt_id, assessment__results_released_at__isnull=False)
    return held.exists() and release_result(attempt_id=attempt_id, at=at)


@transaction.atomic
def release_result(*, attempt_id: UUID, at: datetime) -> bool:
    """Tells one held result: statements, certificate and page follow. Once; a repeat does nothing and returns False."""
    found = Attempt.objects.filter(public_id=attempt_id, held_at__isnull=False, released_at=None)
    if found.update(released_at=at) != 1:
        return False
    attempt = Attempt.objects.select_related("assessment", "person", "membership__partner", "membership__persona").get(
        public_id=attempt_id
    )
    tell_result(attempt, list(attempt.responses.select_related("item_version__item").order_by("position")), at)
    return True
