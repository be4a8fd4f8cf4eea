"""What assessments do about their own events, each after the commit and as often as it takes."""

from lms.assessments import services
from lms.assessments.events import ItemImportDue, ProctoringDue, ResultReleased
from lms.events.services import subscribe


@subscribe(ResultReleased)
def tell_released_result(event: ResultReleased) -> None:
    services.release_result(attempt_id=event.attempt_id, at=event.at)


@subscribe(ProctoringDue)
def tell_proctoring_service(event: ProctoringDue) -> None:
    services.send_to_proctor(attempt_id=event.attempt_id, step=event.step, at=event.at)


@subscribe(ItemImportDue)
def go_on_with_import(event: ItemImportDue) -> None:
    services.continue_import(import_id=event.import_id, start=event.start, is_dry_run=event.is_dry_run, at=event.at)
