"""What assessments do about their own events, each after the commit and as often as it takes."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from lms.assessments import services
from lms.assessments.events import (
    AttemptRegraded,
    AttemptScored,
    ItemImportDue,
    ProctoringDue,
    RegradeContinued,
    ResultHeldBack,
    ResultReleased,
)
from lms.assessments.models import RegradeChange
from lms.common.letters import send_letter
from lms.events.services import subscribe


@subscribe(ResultReleased)
def tell_released_result(event: ResultReleased) -> None:
    services.release_result(attempt_id=event.attempt_id, at=event.at)


@subscribe(ProctoringDue)
def tell_proctoring_service(event: ProctoringDue) -> None:
    services.send_to_proctor(attempt_id=event.attempt_id, step=event.step, at=event.at)


@subscribe(AttemptScored)
def count_attempt(event: AttemptScored) -> None:
    """The sums that statistics are made of follow the attempt; a repeat counts nothing."""
    services.count_attempt(attempt_id=event.attempt_id, at=event.at)


@subscribe(ResultHeldBack)
def count_held_attempt(event: ResultHeldBack) -> None:
    """Statistics know a result before its candidate: bad items are to be found before results are released."""
    services.count_attempt(attempt_id=event.attempt_id, at=event.at)


@subscribe(ResultHeldBack)
def release_late_result(event: ResultHeldBack) -> None:
    """Of who handed in while the results were being released: neither that release nor his hand-in saw the other."""
    services.release_if_due(attempt_id=event.attempt_id, at=event.at)


@subscribe(RegradeContinued)
def continue_regrade(event: RegradeContinued) -> None:
    """The next attempts of a regrade. At the time they are done: what happened since the order is seen."""
    at = max(event.at, timezone.now())
    services.continue_regrade(regrade_id=event.regrade_id, after=event.after, at=at)


@subscribe(AttemptRegraded)
def tell_person(event: AttemptRegraded) -> None:
    """A letter to the candidate when he passes now and did not before, or the other way round; one for each turn."""
    if event.was_passed == event.is_passed:
        return
    change = RegradeChange.objects.select_related("attempt__person", "attempt__assessment", "regrade").get(
        regrade__public_id=event.regrade_id, attempt__public_id=event.attempt_id
    )
    attempt = change.attempt
    send_letter(
        to=attempt.person.email,
        subject=f"Your result changed: {attempt.assessment.title}",
        template="result_changed",
        context={
            "change": change,
            "attempt": attempt,
            "url": settings.SITE_URL + reverse("assessments:result", args=[attempt.public_id]),
        },
    )


@subscribe(ItemImportDue)
def go_on_with_import(event: ItemImportDue) -> None:
    services.continue_import(import_id=event.import_id, start=event.start, is_dry_run=event.is_dry_run, at=event.at)
