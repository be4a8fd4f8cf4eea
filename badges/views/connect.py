"""The Open Badges 3.0 API (1EdTech, 6 and 7) for applications that a person lets read his badges; what he sees of it.

Answers follow the specification: JSON, and refusals as `Imsx_StatusInfo`. `upsertCredential` and `putProfile` are not
offered: nobody else writes what we issue, and the discovery document does not name them.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from badges import connecting, documents, grants, services, standing
from badges.jsonld import CONTEXTS
from certifications import limits
from lms.accounts.models import User
from lms.accounts.network import network_of
from lms.accounts.requests import person_of
from lms.partners.middleware import is_shut_out, open_under_suspension

MOST = 100
BASE = "/ims/ob/v3p0"
_CODES = {
    400: "invalid_query_parameter",
    401: "unauthorizedrequest",
    403: "forbidden",
    405: "not_allowed",
    429: "server_busy",
}
Answer = Callable[[HttpRequest, User], HttpResponse]


# --- The API ---


def _refused(status: int, words: str) -> JsonResponse:
    body = {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_description": words,
        "imsx_codeMinor": {
            "imsx_codeMinorField": [{"imsx_codeMinorFieldName": "server", "imsx_codeMinorFieldValue": _CODES[status]}]
        },
    }
    return JsonResponse(body, status=status)


def _without_token(request: HttpRequest) -> JsonResponse:
    """Who shows none is told how, and no error (RFC 6750, 3.1); what does not hold is counted for each network."""
    wait = limits.seconds_to_wait(network_of(request), timezone.now())
    if wait:
        response = _refused(429, f"Too many requests without a valid token. Wait {wait} s.")
        response["Retry-After"] = str(wait)
        return response
    response = _refused(401, "The access token is missing, unknown or no longer valid.")
    is_asked = "Authorization" in request.headers
    response["WWW-Authenticate"] = 'Bearer error="invalid_token"' if is_asked else "Bearer"
    return response


def _for_applications(scope: str) -> Callable[[Answer], Callable[[HttpRequest], HttpResponse]]:
    """A view that gets the person whose token was sent; refuses who sends none, or one without the scope."""

    def decorator(answer: Answer) -> Callable[[HttpRequest], HttpResponse]:
        @csrf_exempt  # no cookie counts
        @wraps(answer)
        def guarded(request: HttpRequest) -> HttpResponse:
            if request.method not in {"GET", "HEAD"}:
                response = _refused(405, "Badges and profiles are read here, and not written.")
                response["Allow"] = "GET, HEAD"
                return response
            scheme, _, value = request.headers.get("Authorization", "").partition(" ")
            access = connecting.holder_of(value.strip()) if scheme.lower() == "bearer" else None
            if access is None:
                return _without_token(request)
            person = access.user
            if is_shut_out(person):
                return _refused(403, "The partner this person belongs to is suspended.")
            if scope not in access.get_scopes():
                response = _refused(403, f"The access token does not have the scope {scope}.")
                response["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
                return response
            answered = answer(request, person)
            answered["Cache-Control"] = "private, no-store"
            return answered

        return guarded

    return decorator


@_for_applications(connecting.READ_CREDENTIALS)
def credentials(request: HttpRequest, person: User) -> HttpResponse:
    """getCredentials: the person's badges as signed, oldest first, without those that were revoked or are suspended."""
    try:
        limit, offset = _number(request, "limit", MOST), _number(request, "offset", 0)
        since = _since(request)
    except ValueError as error:
        return _refused(400, str(error))
    at = timezone.now()
    states = standing.of_person(person, at)
    found = [award for award, state in states if not state.is_listed and (since is None or award.awarded_at > since)]
    page = [json.loads(services.handed_out(award, "json", at=at)) for award in found[offset : offset + limit]]
    response = JsonResponse({"credential": page, "compactJwsString": []}, json_dumps_params={"ensure_ascii": False})
    response["X-Total-Count"] = str(len(found))
    response["Link"] = _links(request, limit, offset, len(found))
    return response


@_for_applications(connecting.READ_PROFILE)
def profile(request: HttpRequest, person: User) -> HttpResponse:
    """getProfile: whom the badges are about, by the name he has here now."""
    told = {"@context": CONTEXTS, "id": documents.subject_id(person), "type": ["Profile"], "name": person.name}
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name)
    if text is None:
        return default
    least, most = (1, MOST) if name == "limit" else (0, 1_000_000)
    if not text.isascii() or not text.isdigit() or len(text) > 7 or not least <= int(text):
        raise ValueError(f"{name} is a whole number from {least}.")
    return min(int(text), most)


def _since(request: HttpRequest) -> datetime | None:
    text = request.GET.get("since")
    if text is None:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError("since is a time with its zone, as 2026-01-31T12:00:00Z.")
    return found


def _links(request: HttpRequest, limit: int, offset: int, total: int) -> str:
    """RFC 8288: first and last always, next and prev where there are such pages."""
    last = (total - 1) // limit * limit if total else 0
    pages = {"first": 0, "last": last}
    if offset + limit < total:
        pages["next"] = offset + limit
    if offset > 0:
        pages["prev"] = min(max(0, offset - limit), last)
    kept = {"since": request.GET["since"]} if "since" in request.GET else {}
    base = f"{settings.SITE_URL}{reverse('badges:api_credentials')}"
    return ", ".join(
        f'<{base}?{urlencode({**kept, "limit": limit, "offset": place})}>; rel="{name}"'
        for name, place in pages.items()
    )


@csrf_exempt
@require_safe
def discovery(request: HttpRequest) -> HttpResponse:
    """The service description: OpenAPI 3.0 with what is offered, where to register and where to ask (7.1.1)."""
    response = JsonResponse(service_description())
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=3600"
    return response


def service_description() -> dict[str, Any]:
    return {
        "openapi": "3.0.1",
        "info": {
            "title": f"{settings.SITE_NAME}, {settings.VENDOR_NAME}",
            "version": "3.0",
            "termsOfService": settings.TERMS_URL,
            "x-imssf-privacyPolicyUrl": settings.PRIVACY_URL,
        },
        "servers": [{"url": f"{settings.SITE_URL}{BASE}"}],
        "paths": {
            "/credentials": {"get": _operation("getCredentials", connecting.READ_CREDENTIALS, _PAGING)},
            "/profile": {"get": _operation("getProfile", connecting.READ_PROFILE, [])},
        },
        "components": {"securitySchemes": {"OAuth2ACG": _security()}},
    }


_PAGING = [
    {"name": name, "in": "query", "schema": schema, "required": False}
    for name, schema in {
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST},
        "offset": {"type": "integer", "minimum": 0},
        "since": {"type": "string", "format": "date-time"},
    }.items()
]


def _operation(name: str, scope: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "operationId": name,
        "parameters": parameters,
        "security": [{"OAuth2ACG": [scope]}],
        "responses": {"200": {"description": "OK"}, "default": {"description": "Imsx_StatusInfo"}},
    }


def _security() -> dict[str, Any]:
    """Where to register, to ask the person, and to get and give back tokens."""
    address = {
        name: f"{settings.SITE_URL}{reverse(f'idp:oidc:{name}')}"
        for name in ("authorization", "token", "revoke", "client_registration")
    }
    return {
        "type": "oauth2",
        "description": f"Authorization code with PKCE (S256); who asks shows who he is by {connecting.AUTH_METHOD}",
        "x-imssf-registrationUrl": address["client_registration"],
        "x-imssf-revocationUrl": address["revoke"],
        "flows": {
            "authorizationCode": {
                "authorizationUrl": address["authorization"],
                "tokenUrl": address["token"],
                "refreshUrl": address["token"],
                "scopes": connecting.SCOPES,
            }
        },
    }


@csrf_exempt
@require_safe
def authorization_server(request: HttpRequest) -> HttpResponse:
    """The same in the words of RFC 8414, for applications that know OAuth 2 and not Open Badges."""
    flow = _security()["flows"]["authorizationCode"]
    told = {
        "issuer": settings.SITE_URL,
        "authorization_endpoint": flow["authorizationUrl"],
        "token_endpoint": flow["tokenUrl"],
        "registration_endpoint": _security()["x-imssf-registrationUrl"],
        "revocation_endpoint": _security()["x-imssf-revocationUrl"],
        "scopes_supported": [*connecting.SCOPES, connecting.OFFLINE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(grants.GRANTS),
        "token_endpoint_auth_methods_supported": [connecting.AUTH_METHOD],
        "revocation_endpoint_auth_methods_supported": [connecting.AUTH_METHOD],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "op_tos_uri": settings.TERMS_URL,
        "op_policy_uri": settings.PRIVACY_URL,
    }
    response = JsonResponse(told)
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, max-age=3600"
    return response


# --- What the person sees ---


@open_under_suspension
@login_required
@require_safe
def connected(request: HttpRequest) -> HttpResponse:
    """The applications that may read the person's badges."""
    return render(request, "badges/connections.html", {"connections": connecting.connections(person_of(request))})


@open_under_suspension
@login_required
@require_POST
def disconnect(request: HttpRequest, client_id: str) -> HttpResponse:
    """Takes back what one application was given. 404 where nothing was."""
    if not connecting.disconnect(person=person_of(request), client_id=client_id, at=timezone.now()):
        raise Http404
    messages.success(request, "Disconnected. The application can read nothing more.")
    return redirect("badges:connections")
