"""The admin is for those who make content; to everybody else it does not exist."""

from collections.abc import Callable

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def admin_for_authors(get_response: Handler) -> Handler:
    """Under /admin/: a visitor is sent to the one sign-in page, a person without the admin's permission gets 404.

    So Wagtail's own sign-in form is never shown: every door has the same throttle.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/admin/"):
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not request.user.has_perm("wagtailadmin.access_admin"):
                raise Http404
        return get_response(request)

    return middleware
