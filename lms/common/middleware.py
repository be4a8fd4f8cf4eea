"""Middleware every response passes."""

import logging
from collections.abc import Callable

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

Handler = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger("laurel.faults")

_PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
# Wagtail's admin carries inline scripts and styles; it is for vendor staff only.
_ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


def service_unavailable(get_response: Handler) -> Handler:
    """Answers 503 with Retry-After when the database cannot be reached, in place of a 500."""

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            try:
                return get_response(request)
            except (OperationalError, InterfaceError) as error:
                return self.unavailable(request, error)

        def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
            if isinstance(error, OperationalError | InterfaceError):
                return self.unavailable(request, error)
            return None

        def unavailable(self, request: HttpRequest, error: OperationalError | InterfaceError) -> HttpResponse:
            logger.error("database unavailable on %s: %s", request.path, type(error).__name__)
            response = HttpResponse(render_to_string("503.html"), status=503)
            response["Retry-After"] = "30"
            return response

    return Middleware()


def private_by_default(get_response: Handler) -> Handler:
    """Sets the headers that Django has no setting for; a page for a signed-in person is never stored."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path or "%00" in request.get_full_path():
            return render(request, "400.html", status=400)
        try:
            response = get_response(request)
        except SuspiciousOperation:
            return render(request, "400.html", status=400)
        response.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        response.setdefault("X-Content-Type-Options", "nosniff")
        if request.path.startswith("/admin/"):
            response.setdefault("Content-Security-Policy", _ADMIN_POLICY)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store, private"
        return response

    return middleware
