"""What happens elsewhere and matters here."""

from lms.events.services import subscribe
from lms.reporting import services
from lms.xapi.events import MilestonesStored


@subscribe(MilestonesStored, per=lambda event: sorted(event.registrations))
def project_milestones(event: MilestonesStored) -> None:
    """Figures follow the statements that trusted authorities stored, and those that were voided."""
    services.project_registrations(registrations=event.registrations, at=event.at)
