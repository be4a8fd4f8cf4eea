"""What every template may use."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Names of the site and the vendor."""
    return {"site_name": settings.SITE_NAME, "vendor_name": settings.VENDOR_NAME, "site_url": settings.SITE_URL}
