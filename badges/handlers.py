"""A credential brings its badge; badges bring the badge of a pathway."""

from badges import services
from badges.events import BadgeAwarded
from certifications.events import CredentialIssued
from certifications.models import Credential
from lms.accounts.models import User
from lms.events.services import subscribe


@subscribe(CredentialIssued)
def award_badge(event: CredentialIssued) -> None:
    """Awards the badge. When the key cannot be read this fails, the credential stays, and delivery is tried again."""
    credential = Credential.objects.select_related("certification", "person").get(public_id=event.credential_id)
    services.award_badge(credential=credential, at=event.at)


@subscribe(BadgeAwarded, per=lambda event: event.person_id)
def award_pathways(event: BadgeAwarded) -> None:
    """Looks at all pathways the person's badges lead to, from the record."""
    services.award_pathways(person=User.objects.get(public_id=event.person_id), at=event.at)
