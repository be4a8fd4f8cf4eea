"""Letters that partners' events call for."""

from django.conf import settings
from django.urls import reverse

from lms.common.letters import send_letter
from lms.common.sealing import unseal
from lms.events.services import subscribe
from lms.partners.events import PersonInvited
from lms.partners.models import Invitation
from lms.partners.services.invitations import SEAL


@subscribe(PersonInvited)
def send_invitation_letter(event: PersonInvited) -> None:
    """Sends the letter while the invitation is open; one that was withdrawn meanwhile gets none."""
    invitation = (
        Invitation.objects.open(event.at)
        .filter(public_id=event.invitation_id)
        .select_related("partner", "invited_by")
        .first()
    )
    if invitation is None:
        return
    token = unseal(event.sealed_token, purpose=SEAL)
    send_letter(
        to=invitation.email,
        subject=f"{invitation.invited_by.name} invites you to {settings.SITE_NAME}",
        template="invitation",
        context={
            "invitation": invitation,
            "url": settings.SITE_URL + reverse("partners:accept_invitation", args=[token]),
        },
    )
