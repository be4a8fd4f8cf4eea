"""The site with a view that fails and one that may not be seen, to look at the pages for that."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path

from lms.urls import handler400, handler403, handler404, handler500
from lms.urls import urlpatterns as site


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the server")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [
    *site,
    path("faulty/", fails),
    path("api/v1/faulty/", fails),
    path("forbidden/", forbidden),
    path("api/v1/forbidden/", forbidden),
]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
