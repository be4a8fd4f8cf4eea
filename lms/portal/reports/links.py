"""The link by which somebody ends his letters without signing in: signed, for this one purpose."""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from lms.reporting.models import ReportLetter

_PURPOSE = "portal.end_report_letters"


def end_url(letter: ReportLetter) -> str:
    """The address that a letter carries."""
    token = signing.Signer(salt=_PURPOSE).sign(str(letter.public_id))
    return f"{settings.SITE_URL}{reverse('portal:end_report_letters', args=[token])}"


def letter_of(token: str) -> ReportLetter | None:
    """Whose letters a link ends; None when they are gone. Raises BadSignature for anything but our own link."""
    public_id = signing.Signer(salt=_PURPOSE).unsign(token)
    return ReportLetter.objects.select_related("partner").filter(public_id=public_id).first()
