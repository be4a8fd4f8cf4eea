"""What happens elsewhere and matters here."""

from lms.events.services import subscribe
from lms.reporting import services
from lms.xapi.events import StatementsStored


@subscribe(StatementsStored)
def project_statements(event: StatementsStored) -> None:
    """Figures follow the statements that trusted authorities stored or voided."""
    services.project_registrations(registrations=event.registrations, at=event.at)
