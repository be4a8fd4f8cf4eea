"""Middleware every response passes. What goes wrong below it is answered by the error views in views.py."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from lms.common.problems import is_for_machines
from lms.common.views import bad_request

Handler = Callable[[HttpRequest], HttpResponse]

_PAGE_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_MACHINE_METHODS = (*_PAGE_METHODS, "PUT", "PATCH", "DELETE")
_PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"
# Wagtail's admin carries inline scripts and styles; it is for vendor staff only.
_ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-src 'self'; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


def private_by_default(get_response: Handler) -> Handler:
    """Headers of every response, also of those that are refused before any view: nothing is stored by a browser or a
    proxy unless its view says so; Django's own security headers where its middleware was not reached."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Cache-Control", "no-store, private")
        response.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        response.setdefault("X-Content-Type-Options", "nosniff")
        response.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
        if request.path.startswith("/admin/"):
            response.setdefault("Content-Security-Policy", _ADMIN_POLICY)
        return response

    return middleware


def readable_requests(get_response: Handler) -> Handler:
    """Refuses what no view should have to digest: methods no form sends, and NUL, which no database stores."""

    def middleware(request: HttpRequest) -> HttpResponse:
        methods = _MACHINE_METHODS if is_for_machines(request) else _PAGE_METHODS
        if request.method not in methods:
            return HttpResponseNotAllowed(methods)
        if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return bad_request(request)
        return get_response(request)

    return middleware
