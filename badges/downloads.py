"""The badge of a credential as a file, for whoever hands out credentials."""

import json

from badges.models import Award
from certifications.models import Credential


def credential_json(credential: Credential) -> bytes | None:
    """The signed badge, byte for byte as its own address serves it; None while it is not awarded yet."""
    award = Award.objects.filter(credential=credential).only("document").first()
    return json.dumps(award.document, ensure_ascii=False).encode() if award else None
