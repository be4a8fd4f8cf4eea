"""OAuth 2 for applications that read badges: registration (RFC 7591), consent, tokens, giving them back (RFC 7009).

oauthlib and django-allauth carry the protocol, `badges.grants` and `badges.connecting` what is asked beyond it. What a
program gets wrong is answered in JSON with `error` and `error_description`; what a person would see, as a page.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.core.internal.httpkit import extract_basic_auth
from allauth.idp.oidc import views as oauth
from allauth.idp.oidc.forms import AuthorizationForm
from allauth.idp.oidc.internal.oauthlib.utils import convert_response, extract_headers, extract_params
from allauth.idp.oidc.internal.resources import InvalidTargetError
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from django.views.generic.edit import FormView
from oauthlib.oauth2.rfc6749 import errors

from badges import connecting, grants
from certifications import limits
from lms.accounts.network import network_of
from lms.accounts.throttle import TooManyTries, record_failure, refuse_when_limited
from lms.common.guards import UnsafeInput, check_text
from lms.common.problems import oauth_problem

View = Callable[[HttpRequest], HttpResponse]
# Where oauthlib says nothing beside the error.
_WORDS = {
    "invalid_client": "The application is unknown or its secret is wrong. Send both by HTTP Basic.",
    "invalid_grant": "The code or token is unknown, was used before, was taken back, or its time is over.",
    "invalid_scope": "A refresh token opens no more than what was allowed.",
}
_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_REPEATABLE = {"resource", "scopes"}  # RFC 8707; the boxes of our own form


def _unreadable(request: HttpRequest, *, is_json: bool = False) -> str:
    """Why nothing in the protocol should have to digest the request; empty when it may."""
    if _BROKEN_ESCAPE.search(request.META.get("QUERY_STRING", "")):
        return "The query has a % that no two hexadecimal digits follow."
    try:
        # What comes as JSON is read elsewhere: its body is no form.
        for name, texts in [*request.GET.lists(), *([] if is_json else request.POST.lists())]:
            for text in (name, *texts):
                check_text(text)
            if len(texts) > 1 and name not in _REPEATABLE:
                return "A parameter is sent more than once."  # RFC 6749, 3.1 and 3.2: which of them counts?
    except UnsafeInput as error:
        return error.message
    return ""


def _are_ours(resources: list[str]) -> bool:
    """RFC 8707: a token for this API is all there is to ask for."""
    ours = f"{settings.SITE_URL}/ims/ob/v3p0"
    return set(resources) <= {settings.SITE_URL, f"{settings.SITE_URL}/", ours, f"{ours}/"}


def _for_programs(*, is_json: bool = False) -> Callable[[View], View]:
    """POST alone, without CSRF (no cookie counts), readable; refusals in JSON."""

    def decorator(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if request.method != "POST":
                response: JsonResponse = oauth_problem(405, "invalid_request", "Send this by POST.")
                response["Allow"] = "POST"
                return response
            problem = _unreadable(request, is_json=is_json)
            return oauth_problem(400, "invalid_request", problem) if problem else view(request)

        return guarded

    return decorator


# --- Registration ---


class _Registration(oauth.ClientRegistrationView):
    """django-allauth's, with what was read and cleaned in place of the body."""

    told: dict[str, Any] = {}

    def _get_client_metadata(self) -> dict[str, Any]:
        return self.told


@_for_programs(is_json=True)
def register(request: HttpRequest) -> HttpResponse:
    """Dynamic client registration (RFC 7591). Told back is what was kept, as the specification asks.

    A network's tries are counted before anything is worked out: each costs the hash of a secret, also the refused.
    """
    wait = limits.seconds_to_wait(f"register:{network_of(request)}", timezone.now())
    if wait:
        response: JsonResponse = oauth_problem(
            429, "temporarily_unavailable", f"Too many registrations. Wait {wait} s."
        )
        response["Retry-After"] = str(wait)
        return response
    if int(request.META.get("CONTENT_LENGTH") or 0) > connecting.MOST_BYTES:
        words = f"A registration has at most {connecting.MOST_BYTES} bytes."
        return oauth_problem(413, "invalid_client_metadata", words)
    try:
        told = connecting.read_registration(request.body)
    except connecting.BadRegistration as error:
        return oauth_problem(400, error.code, error.message)
    response = _Registration.as_view(told=told)(request)
    if isinstance(response, JsonResponse) and response.status_code == 201:
        made = json.loads(response.content)
        kept = {name: told[name] for name in connecting.WORDS + connecting.PAGES}
        return JsonResponse({**kept, **made}, status=201)
    return response


# --- Consent ---


class _Authorization(oauth.AuthorizationView):
    """The page that asks a person, and what his answer leads to."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_silent = "none" in request.GET.get("prompt", "").split()
        to_sign_in: HttpResponse | None = None if is_silent else self._login_required(request)
        if to_sign_in is not None:
            return to_sign_in
        try:
            self._scopes, self._request_info = grants.server().validate_authorization_request(*extract_params(request))
            _refuse_what_is_not_offered(request, self._request_info["request"])
        except errors.FatalClientError as error:
            return _page_of(request, error)
        except errors.OAuth2Error as error:
            return _page_of(request, error, back=error.in_uri(error.redirect_uri))
        response: HttpResponse = FormView.get(self, request)
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        """What may be read is chosen. That the application may come back is told on the page, and goes with it."""
        asked: dict[str, Any] = super().get_form_kwargs()
        return asked | {"requested_scopes": [scope for scope in self._scopes if scope in connecting.SCOPES]}

    def render_to_response(self, context: dict[str, Any], **named: Any) -> HttpResponse:
        """The form may lead to where the application waits: a browser asks the policy also of the redirect."""
        response: HttpResponse = super().render_to_response(context, **named)
        back = urlsplit(self._request_info["redirect_uri"])
        response._csp_update = {"form-action": ["'self'", f"{back.scheme}://{back.netloc}"]}  # type: ignore[attr-defined]
        return response

    def form_valid(self, form: AuthorizationForm) -> HttpResponse:
        allowed = {**self._request_info, "user": self.request.user, "response_mode": "query"}
        scopes = form.cleaned_data["scopes"] + [scope for scope in self._scopes if scope == connecting.OFFLINE]
        try:
            with transaction.atomic():
                answer = grants.server().create_authorization_response(
                    *extract_params(self.request), scopes=scopes, credentials=allowed
                )
        except errors.FatalClientError as error:
            return _page_of(self.request, error)
        response: HttpResponse = convert_response(*answer)
        return response


def _refuse_what_is_not_offered(request: HttpRequest, asked: Any) -> None:
    """Raises what the application is told in place of the question. Nobody lets one in without being asked."""
    if asked.code_challenge_method != "S256":
        raise errors.InvalidRequestError("Send a code challenge (PKCE) with the method S256.", request=asked)
    if not _are_ours(request.GET.getlist("resource")):
        raise InvalidTargetError(request=asked)
    if not connecting.SCOPES.keys() & set(asked.scopes):
        raise errors.InvalidScopeError("This opens nothing by itself.", request=asked)
    prompts = request.GET.get("prompt", "").split()
    if "none" not in prompts:
        return
    if len(prompts) > 1:
        raise errors.InvalidRequestError("prompt none stands alone.", request=asked)
    raise (
        errors.ConsentRequired(request=asked) if request.user.is_authenticated else errors.LoginRequired(request=asked)
    )


def _page(request: HttpRequest, problem: str) -> HttpResponse:
    return render(request, "idp/oidc/error.html", {"problem": problem}, status=400)


def _page_of(request: HttpRequest, error: errors.OAuth2Error, *, back: str = "") -> HttpResponse:
    """`back` tells the application, if the person goes there. Nobody is sent by himself where anybody may have
    registered (RFC 9700, 4.11.2): the address of this site would lead to any other."""
    told = {"error": error, "back": back, "host": urlsplit(back).hostname}
    return render(request, "idp/oidc/error.html", told, status=400)


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Asks the person whether an application may read his badges. PKCE with S256 is needed (7.1.2)."""
    problem = _unreadable(request)
    if problem:
        return _page(request, problem)
    if request.method == "POST" and "request" not in request.POST:
        return _page(request, "The answer does not say to which request it belongs.")
    response: HttpResponse = _Authorization.as_view()(request)
    return response


# --- Tokens ---


@_for_programs()
def token(request: HttpRequest) -> HttpResponse:
    """Codes and refresh tokens for access tokens."""
    if not request.POST.get("grant_type"):
        words = "grant_type is missing. Send a form (application/x-www-form-urlencoded)."
        return oauth_problem(400, "invalid_request", words)
    if request.POST["grant_type"] not in grants.GRANTS:
        return oauth_problem(400, "unsupported_grant_type", f"Offered are {' and '.join(grants.GRANTS)}.")
    if not _are_ours(request.POST.getlist("resource")):
        return oauth_problem(400, InvalidTargetError.error, InvalidTargetError.description)
    return _answered(request, grants.server().create_token_response)


@_for_programs()
def revoke(request: HttpRequest) -> HttpResponse:
    """An application gives a token back (RFC 7009)."""
    return _answered(request, grants.server().create_revocation_response)


def _answered(request: HttpRequest, ask: Callable[..., tuple[dict[str, str], Any, int]]) -> HttpResponse:
    """The protocol's answer. Wrong secrets are counted in the database, for each application and network by itself:
    whoever fails on purpose shuts out nobody else. The limit is asked before the secret is hashed."""
    client_id = str(extract_basic_auth(extract_headers(request))[0])[:100]
    login = f"oauth:{client_id}:{network_of(request)}"
    try:
        refuse_when_limited(request, login)
    except TooManyTries as error:
        response = oauth_problem(429, "temporarily_unavailable", error.message)
        response["Retry-After"] = str(error.retry_after)
        return response
    answer = _asked(request, ask)
    if answer.status_code == 401:
        record_failure(request, login)
        answer["WWW-Authenticate"] = 'Basic realm="oauth", charset="UTF-8"'  # RFC 6749, 5.2: the way that was tried
    return answer


@transaction.atomic
def _asked(request: HttpRequest, ask: Callable[..., tuple[dict[str, str], Any, int]]) -> HttpResponse:
    try:
        response: HttpResponse = convert_response(*ask(*extract_params(request)))
    except errors.OAuth2Error as error:
        return oauth_problem(error.status_code, error.error, error.description or error.error)
    if response.status_code < 400:
        return response
    told = json.loads(response.content)
    words = told.get("error_description") or _WORDS.get(told["error"], told["error"])
    return oauth_problem(response.status_code, told["error"], words)
