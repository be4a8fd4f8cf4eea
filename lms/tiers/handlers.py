"""What makes a partner be evaluated again. Each handler recomputes from the truth at the moment of the event."""

from django.conf import settings
from django.urls import reverse

from certifications.events import (
    CareerConsentChanged,
    CredentialIssued,
    CredentialReinstated,
    CredentialRevoked,
    CredentialSuspended,
)
from lms.accounts.models import User
from lms.common.letters import send_letter
from lms.deals.events import DealMoved
from lms.events.services import subscribe
from lms.partners.events import MembershipChanged
from lms.reporting.events import PartnerFiguresChanged
from lms.tiers import services
from lms.tiers.events import PartnerFactsChanged, TierAtRisk
from lms.tiers.models import Alarm


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


@subscribe(CareerConsentChanged, per=lambda event: event.person_id)
def follow_consent(event: CareerConsentChanged) -> None:
    """What the person earned elsewhere counts for a partner, or no longer."""
    services.evaluate_person(person_id=event.person_id, partner_id=event.partner_id, at=event.at)


@subscribe(PartnerFactsChanged, per=lambda event: event.partner_id)
def follow_facts(event: PartnerFactsChanged) -> None:
    services.evaluate_one(partner_id=event.partner_id, at=event.at)


@subscribe(DealMoved, per=lambda event: event.deal_id)
def follow_deal(event: DealMoved) -> None:
    """Deals that were approved, won or lost may count, or no longer."""
    services.evaluate_of_deal(deal_id=event.deal_id, at=event.at)


@subscribe(TierAtRisk)
def send_alarm_letter(event: TierAtRisk) -> None:
    """To one person who may still act: a manager of the partner, or its channel manager. Nobody else gets names."""
    alarm = Alarm.objects.filter(public_id=event.alarm_id).select_related("partner", "tier").first()
    person = User.objects.filter(public_id=event.person_id, is_active=True).first()
    if alarm is None or person is None or not person.has_perm("tiers.plan_way", alarm.partner):
        return
    send_letter(
        to=person.email,
        subject=f"{alarm.partner.name}: {alarm.tier.name} ends in {alarm.days_ahead} days or less",
        template="tier_at_risk",
        context={
            "person": person,
            "alarm": alarm,
            "lines": services.alarm_lines(alarm),
            "url": settings.SITE_URL + reverse("portal:partner", args=[alarm.partner.public_id]),
        },
    )
