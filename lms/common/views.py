"""Addresses for machines: is the site up, and what may be crawled."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """200 "ok" when the database answers; the middleware makes it 503 with Retry-After when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines: pages are private, and certificates are shared by their holders only."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")
