"""Where a candidate's browser gets the pictures and sounds of items: by a pass that is his, and for a day.

An address alone opens nothing for anybody else (UP-09): the pass names the medium and the person, and is signed.
"""

from collections.abc import Callable
from datetime import timedelta

from django.core import signing
from django.urls import reverse

_SALT = "assessments.media"
LIFETIME = timedelta(days=1)


def addresses_for(person_id: int) -> Callable[[str], str]:
    """Leads from a medium's digest to the address under which this person, and nobody else, gets it."""

    def address(digest: str) -> str:
        return reverse("assessments:media", args=[signing.dumps([digest, person_id], salt=_SALT)])

    return address


def digest_of(ticket: str, person_id: int) -> str | None:
    """The digest a pass was made for; None when it is forged, too old, or somebody else's."""
    try:
        told = signing.loads(ticket, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    digest, owner = told
    return str(digest) if owner == person_id else None
