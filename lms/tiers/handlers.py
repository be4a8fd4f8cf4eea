"""What makes a partner be evaluated again. Each handler recomputes from the truth at the moment of the event."""

from certifications.events import CredentialIssued, CredentialReinstated, CredentialRevoked, CredentialSuspended
from lms.events.services import subscribe
from lms.partners.events import MembershipChanged
from lms.reporting.events import PartnerFiguresChanged
from lms.tiers import services


@subscribe(CredentialIssued, per=lambda event: event.person_id)
def follow_issue(event: CredentialIssued) -> None:
    services.evaluate_person(person_id=event.person_id, at=event.at)


@subscribe(CredentialRevoked, per=lambda event: event.person_id)
def follow_revocation(event: CredentialRevoked) -> None:
    services.evaluate_person(person_id=event.person_id, at=event.at)


@subscribe(CredentialSuspended, per=lambda event: event.person_id)
def follow_suspension(event: CredentialSuspended) -> None:
    services.evaluate_person(person_id=event.person_id, at=event.at)


@subscribe(CredentialReinstated, per=lambda event: event.person_id)
def follow_reinstatement(event: CredentialReinstated) -> None:
    services.evaluate_person(person_id=event.person_id, at=event.at)


@subscribe(PartnerFiguresChanged, per=lambda event: event.partner_id)
def follow_figures(event: PartnerFiguresChanged) -> None:
    services.evaluate_one(partner_id=event.partner_id, at=event.at)


@subscribe(MembershipChanged, per=lambda event: (event.person_id, event.partner_id))
def follow_membership(event: MembershipChanged) -> None:
    """All partners of the person: where his credentials count may have changed with it."""
    services.evaluate_person(person_id=event.person_id, partner_id=event.partner_id, at=event.at)
