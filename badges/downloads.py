"""The badge of a credential as a file, for whoever hands out credentials."""

from functools import partial

from django.utils import timezone

from badges.models import Award
from badges.services import handed_out
from certifications.exports import Format
from certifications.models import Credential


def badge_of(credential: Credential, *, form: str) -> bytes | None:
    """The signed badge in one of its forms, the same bytes each time; None while it is not awarded yet."""
    award = Award.objects.filter(credential=credential).whole().first()
    return handed_out(award, form, at=timezone.now()) if award else None


FORMATS = (
    Format(
        name="json",
        media_type="application/vc",
        label="Open Badge 3.0",
        render=partial(badge_of, form="json"),
        attached_as="badge.json",
    ),
    Format(name="jwt", media_type="application/vc+jwt", label="Open Badge token", render=partial(badge_of, form="jwt")),
    Format(name="png", media_type="image/png", label="Badge picture", render=partial(badge_of, form="png")),
    Format(name="svg", media_type="image/svg+xml", label="Badge drawing", render=partial(badge_of, form="svg")),
)
