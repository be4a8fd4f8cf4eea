"""Letters to people: one purpose, one button, a text part and an HTML part. Called by handlers, never in a request."""

from collections.abc import Mapping

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from lms.common import guards


def send_letter(*, to: str, subject: str, template: str, context: Mapping[str, object]) -> None:
    """Sends `templates/emails/<template>.txt` and `.html` to one address. Raises what the mail host raises."""
    context = {
        "site_name": settings.SITE_NAME,
        "vendor_name": settings.VENDOR_NAME,
        "site_url": settings.SITE_URL,
        **context,
    }
    letter = EmailMultiAlternatives(
        subject=guards.clean_name(subject), body=render_to_string(f"emails/{template}.txt", context), to=[to]
    )
    letter.attach_alternative(render_to_string(f"emails/{template}.html", context), "text/html")
    letter.send()
