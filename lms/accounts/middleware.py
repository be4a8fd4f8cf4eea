"""Session limits, personal settings, and the answer to too many sign-in tries."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from lms.accounts.network import current_network, network_of
from lms.accounts.throttle import TooManyTries, remember_device

Handler = Callable[[HttpRequest], HttpResponse]
SIGNED_IN_AT = "signed_in_at"
SEEN_AT = "seen_at"
VISITED_BEFORE = "visited_before"
_SEEN_EVERY_SECONDS = 60


def session_limits(get_response: Handler) -> Handler:
    """Ends a session that was idle or alive too long; the request goes on as a stranger's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _check_session(request)
        return get_response(request)

    return middleware


def _check_session(request: HttpRequest) -> None:
    now = timezone.now().timestamp()
    seen_at = request.session.get(SEEN_AT, 0)
    is_idle = now - seen_at > settings.SESSION_IDLE_SECONDS
    if is_idle or now - request.session.get(SIGNED_IN_AT, 0) > settings.SESSION_ABSOLUTE_SECONDS:
        logout(request)
        why = "nothing happened for a while" if is_idle else "you had been signed in for a long time"
        messages.info(request, f"You were signed out because {why}. What you saved is kept.")
    elif now - seen_at > _SEEN_EVERY_SECONDS:
        request.session[SEEN_AT] = now


def personal_settings(get_response: Handler) -> Handler:
    """Times in the person's zone; the theme he chose, on whatever device he is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return get_response(request)
        request.COOKIES["theme"] = request.user.theme
        try:
            zone = zoneinfo.ZoneInfo(request.user.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            zone = zoneinfo.ZoneInfo("UTC")
        with timezone.override(zone):
            return get_response(request)

    return middleware


def throttled_sign_in(get_response: Handler) -> Handler:
    """Turns TooManyTries into 429 with Retry-After, and remembers the device of a successful sign-in."""

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            token = current_network.set(network_of(request))
            try:
                response = get_response(request)
            finally:
                current_network.reset(token)
            login: str | None = getattr(request, "signed_in_login", None)
            if login is not None:
                remember_device(request, response, login)
            return response

        def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
            if not isinstance(error, TooManyTries):
                return None
            minutes = -(-error.retry_after // 60)
            text = "1 minute" if minutes == 1 else f"{minutes} minutes"
            response = render(request, "429.html", {"retry_after_text": text}, status=429)
            response["Retry-After"] = str(error.retry_after)
            return response

    return Middleware()
