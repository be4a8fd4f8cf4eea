"""Addresses for machines, and the pages shown when something goes wrong."""

import sys

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lms.common.problems import is_for_machines, oauth_problem, problem

RETRY_AFTER_SECONDS = 30


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """200 "ok" when the database answers; `server_error` makes it 503 with Retry-After when it does not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Nothing here is for search engines: pages are private, and certificates are shared by their holders only."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400. Nothing of the request is repeated: it could not be read."""
    words = "This request could not be read. Nothing was changed."
    if is_for_machines(request):
        is_oauth = request.path.startswith("/oauth/")
        return oauth_problem(400, "invalid_request", words) if is_oauth else problem(400, "bad_request", words)
    return HttpResponse(render_to_string("400.html"), status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: seen, but not for this person."""
    if is_for_machines(request):
        return problem(403, "permission_denied", "Your role does not include this. Nothing was changed.")
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, the same for what does not exist and for what this person may not know of."""
    if is_for_machines(request):
        return problem(404, "not_found", "There is nothing here.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 with Retry-After when the database cannot be reached. Needs no database itself.

    Django calls this while it handles the exception, whichever middleware, view or template raised it.
    """
    is_outage = isinstance(sys.exception(), OperationalError | InterfaceError)
    status, code = (503, "unavailable") if is_outage else (500, "server_error")
    response = (
        problem(status, code)
        if is_for_machines(request)
        else HttpResponse(render_to_string(f"{status}.html"), status=status)
    )
    if is_outage:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
