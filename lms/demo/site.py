"""What every site needs before its first visitor: vocabularies, roles, the library's root, our authority, a key."""

from datetime import datetime

from django.conf import settings
from django.core.management import call_command

from badges.services import issuer_key
from cms.services import set_up_site
from lms.partners.models import Persona
from lms.xapi.services import platform_authority


def set_up(at: datetime) -> None:
    """Idempotent: creates what is missing and leaves what is there, renamed vocabularies too."""
    if not Persona.objects.exists():
        call_command("loaddata", str(settings.BASE_DIR / "fixtures" / "reference.yaml"), verbosity=0)
    set_up_site()
    platform_authority()
    issuer_key(at=at)
