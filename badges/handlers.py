"""A credential brings its badge."""

from badges import services
from certifications.events import CredentialIssued
from certifications.models import Credential
from lms.events.services import subscribe


@subscribe(CredentialIssued)
def award_badge(event: CredentialIssued) -> None:
    """Awards the badge. When the key cannot be read this fails, the credential stays, and delivery is tried again."""
    credential = Credential.objects.select_related("certification", "person").get(public_id=event.credential_id)
    services.award_badge(credential=credential, at=event.at)
