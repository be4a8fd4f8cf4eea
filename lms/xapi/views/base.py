"""What every resource of the store does over HTTP. No cookie is read or set, and nothing is redirected."""

import base64
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from lms.accounts.throttle import TooManyTries, record_failure, refuse_when_limited
from lms.common import guards
from lms.common.errors import DomainError
from lms.common.problems import problem_body
from lms.xapi import services
from lms.xapi.errors import InvalidQuery, InvalidStatement, NotAuthenticated, NotSupported, RateLimited
from lms.xapi.models import Credential
from lms.xapi.timestamps import format_timestamp
from lms.xapi.validation import Version
from lms.xapi.views.exchange import VERSION_HEADER, Exchange

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_CONSISTENT = "X-Experience-API-Consistent-Through"
_ALLOWED_HEADERS = (
    f"Authorization, Content-Type, {VERSION_HEADER}, If-Match, If-None-Match, Accept-Language, X-Experience-API-Hash"
)
_EXPOSED_HEADERS = f"ETag, Last-Modified, {VERSION_HEADER}, {_CONSISTENT}, Retry-After"


@method_decorator(csrf_exempt, name="dispatch")
class Resource(View):
    """One resource: answers its version and how current it is, and tells a refusal in a sentence.

    A subclass has a method `on_get`, `on_put`, … for each method it takes.
    """

    is_open = False
    exchange: Exchange
    credential: Credential
    at: datetime
    version: Version = Version.V2

    def dispatch(self, request: HttpRequest, *args: Any, base: str | None = None, **kwargs: Any) -> HttpResponseBase:
        self.at = timezone.now()
        try:
            response = self._respond(request, base)
        except DomainError as error:
            response = _refusal(error, request)
        response[VERSION_HEADER] = self.version.value  # wsgiref wants plain strings
        response[_CONSISTENT] = format_timestamp(timezone.now())
        response["Cache-Control"] = "no-store, private"
        response.setdefault("Content-Security-Policy", _POLICY)
        if isinstance(response, HttpResponse):
            response["Content-Length"] = str(len(response.content))
        _share_with_content(request, response)
        return response

    def _respond(self, request: HttpRequest, base: str | None) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return self._preflight(base)
        exchange = self.exchange = Exchange(request, base)
        self.version = exchange.base or self.version
        if exchange.is_alternate and exchange.base is not Version.V2:
            exchange.read_form()
        if not self.is_open:
            self.version = exchange.version
            if self.version is Version.V2 and exchange.is_alternate:
                raise InvalidQuery("The alternate request syntax belongs to xAPI 1.0.3; 2.0 has it no more.")
            self.credential = _credential(exchange, self.at)
            services.charge(credential=self.credential, amount=1, at=self.at)
        name = "get" if exchange.method == "HEAD" else exchange.method.lower()
        handler = getattr(self, f"on_{name}", None)
        if handler is None:
            raise NotSupported(f"This resource takes {', '.join(self._methods())}.")
        response: HttpResponseBase = handler(exchange)
        return response

    def _methods(self) -> list[str]:
        names = [name.upper() for name in ("get", "put", "post", "delete") if hasattr(self, f"on_{name}")]
        return ["HEAD", *names] if "GET" in names else names

    def _preflight(self, base: str | None) -> HttpResponse:
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        response["Allow"] = response["Access-Control-Allow-Methods"] = ", ".join(self._methods())
        response["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
        response["Access-Control-Max-Age"] = "3600"
        self.version = Exchange(self.request, base).base or self.version
        return response


def _share_with_content(request: HttpRequest, response: HttpResponseBase) -> None:
    """CORS for the origins on which content of ours runs, and no other; never with cookies."""
    if not settings.XAPI_CONTENT_ORIGINS:
        return
    response["Vary"] = "Origin"
    origin = request.headers.get("Origin")
    if origin and origin in settings.XAPI_CONTENT_ORIGINS:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS


def _refusal(error: DomainError, request: HttpRequest) -> HttpResponse:
    """The error as problem+json, with the JSON pointer of what is wrong in a statement.

    A browser gets no Basic challenge: it would pop up a box over a launched unit.
    """
    body = problem_body(error.status, error.code, error.message)
    if isinstance(error, InvalidStatement):
        body["pointer"] = error.pointer
    response = JsonResponse(body, status=error.status, content_type="application/problem+json")
    if isinstance(error, TooManyTries | RateLimited):
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotAuthenticated) and not {"Sec-Fetch-Mode", "Origin"} & request.headers.keys():
        response["WWW-Authenticate"] = 'Basic realm="xAPI", charset="UTF-8"'
    return response


def _credential(exchange: Exchange, at: datetime) -> Credential:
    """The credential of HTTP Basic. Raises NotAuthenticated, and TooManyTries for one failure too many.

    Only failures are limited: who has the right secret, of 256 random bits, was not guessing, and nobody who knows a
    key can lock its owner out.
    """
    scheme, _, encoded = (exchange.header("Authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        raise NotAuthenticated("Send the key and secret of a credential by HTTP Basic.")
    key, secret = _decoded(encoded)
    credential = services.authenticate(key=key, secret=secret, at=at)
    if credential is None:
        login = f"xapi:{key[:40]}"
        refuse_when_limited(exchange.request, login)
        record_failure(exchange.request, login)
        raise NotAuthenticated("The key or the secret is wrong, or the credential was revoked or has expired.")
    return credential


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        key, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        guards.check_text(key)
    except (ValueError, guards.UnsafeInput) as error:
        raise NotAuthenticated("The Authorization header is not HTTP Basic.") from error
    return key, secret


@lru_cache(maxsize=1000)
def languages(header: str) -> tuple[str, ...]:
    """The tags of Accept-Language, best first."""
    weighted = []
    for entry in header[:1000].split(","):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return tuple(tag for _, tag in sorted(weighted, key=lambda item: item[0]) if tag)
