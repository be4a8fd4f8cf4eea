"""The statements and about resources of xAPI over HTTP. No cookie is read or set, and nothing is redirected."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import http_date
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from lms.accounts.throttle import TooManyTries, record_failure, refuse_when_limited
from lms.common import guards
from lms.common.errors import DomainError
from lms.xapi import services
from lms.xapi.errors import InvalidQuery, NotAuthenticated, NotYours, TooLarge
from lms.xapi.models import Credential
from lms.xapi.queries import Place, find, find_one, parse_query
from lms.xapi.representation import shown
from lms.xapi.timestamps import format_timestamp
from lms.xapi.validation import Version

_MORE_SALT = "lms.xapi.more"
_HEADER = "X-Experience-API-Version"
_READING = (Credential.Scope.READ_MINE, Credential.Scope.READ_ALL)


@method_decorator(csrf_exempt, name="dispatch")
class Resource(View):
    """What every resource does: answers its version and how current it is, and tells a refusal in a sentence."""

    at: datetime
    version: Version = Version.V2

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.at = timezone.now()
        try:
            self.prepare(request)
            response = super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            response = _refusal(error, request)
        response[_HEADER] = self.version.value  # wsgiref wants plain strings
        response["X-Experience-API-Consistent-Through"] = format_timestamp(self.at)
        response["Cache-Control"] = "no-store, private"
        return response

    def prepare(self, request: HttpRequest) -> None:
        """What must hold before a method is called. Raises DomainError."""


class AboutResource(Resource):
    """Which versions are spoken. Open to all."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"version": [Version.V1.value, Version.V2.value]})


class StatementsResource(Resource):
    """Statements: PUT one, POST one or many, GET one or a page."""

    http_method_names = ["get", "head", "put", "post"]
    credential: Credential

    def prepare(self, request: HttpRequest) -> None:
        self.version = _version(request)
        self.credential = _credential(request, self.at)

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.GET:
            raise InvalidQuery("A POST takes no parameters in the address.")
        ids = services.receive_statements(
            data=_json(request), credential=self.credential, version=self.version, at=self.at
        )
        return JsonResponse([str(statement_id) for statement_id in ids], safe=False)

    def put(self, request: HttpRequest) -> HttpResponse:
        if list(request.GET) != ["statementId"]:
            raise InvalidQuery("A PUT takes the parameter statementId and no other.")
        statement_id = parse_query(_parameters(request)).statement_id
        services.receive_statements(
            data=_json(request),
            credential=self.credential,
            version=self.version,
            at=self.at,
            statement_id=statement_id,
        )
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.credential.has_scope(*_READING):
            raise NotYours("This credential may not read statements.")
        parameters, after = self._resumed(_parameters(request))
        query = parse_query(parameters)
        languages = _languages(request)
        if query.statement_id or query.voided_id:
            statement = find_one(query, self.credential)
            response = _raw(shown(statement.body, query.format, languages))
            response["Last-Modified"] = http_date(statement.stored_at.timestamp())
            return response
        bodies, place = find(query, self.credential, after)
        statements = ",".join(shown(body, query.format, languages) for body in bodies)
        more = self._more(request, parameters, place) if place else ""
        return _raw(f'{{"statements":[{statements}],"more":{json.dumps(more)}}}')

    def _more(self, request: HttpRequest, parameters: Mapping[str, str], place: Place) -> str:
        """Where the next page is: the query and the place, signed, for this credential."""
        token = signing.dumps(
            [parameters, place[0].isoformat(), place[1], self.credential.pk], salt=_MORE_SALT, compress=True
        )
        return f"{request.path}?more={token}"

    def _resumed(self, parameters: Mapping[str, str]) -> tuple[Mapping[str, str], Place | None]:
        """The query and place of a `more` address; without one, the parameters as they are."""
        if "more" not in parameters:
            return parameters, None
        try:
            resumed, stored_at, pk, credential_id = signing.loads(parameters["more"], salt=_MORE_SALT)
        except signing.BadSignature as error:
            raise InvalidQuery("This address of a next page was not made here.") from error
        if credential_id != self.credential.pk or len(parameters) > 1:
            raise NotYours("This address of a next page belongs to another credential.")
        return resumed, (datetime.fromisoformat(stored_at), pk)


def _raw(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json")


def _refusal(error: DomainError, request: HttpRequest) -> HttpResponse:
    """The error as problem+json. A browser gets no Basic challenge: it would pop up a box over a launched unit."""
    status = HTTPStatus(error.status)
    body = {
        "type": f"urn:laurel:problem:{error.code}",
        "title": status.phrase,
        "status": status.value,
        "detail": error.message,
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    if isinstance(error, TooManyTries):
        response["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotAuthenticated) and "Sec-Fetch-Mode" not in request.headers:
        response["WWW-Authenticate"] = 'Basic realm="xAPI", charset="UTF-8"'
    return response


def _version(request: HttpRequest) -> Version:
    """1.0 and 1.0.x are answered as 1.0.3, 2.0 and 2.0.x as 2.0.0."""
    header = request.headers.get(_HEADER)
    if header is None:
        raise InvalidQuery(f"The header {_HEADER} is missing; 1.0.3 and 2.0.0 are spoken here.")
    for prefix, version in (("1.0", Version.V1), ("2.0", Version.V2)):
        if header == prefix or (header.startswith(f"{prefix}.") and header[4:].isdecimal() and header.isascii()):
            return version
    raise InvalidQuery(f"The version in {_HEADER} is not spoken here; 1.0.3 and 2.0.0 are.")


def _credential(request: HttpRequest, at: datetime) -> Credential:
    """The credential of HTTP Basic. Raises NotAuthenticated, and TooManyTries for one failure too many.

    Only failures are limited: who has the right secret, of 256 random bits, was not guessing, and nobody who knows a
    key can lock its owner out.
    """
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise NotAuthenticated("Send the key and secret of a credential by HTTP Basic.")
    try:
        key, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        guards.check_text(key)
    except (ValueError, guards.UnsafeInput) as error:
        raise NotAuthenticated("The Authorization header is not HTTP Basic.") from error
    credential = services.authenticate(key=key, secret=secret, at=at) if colon else None
    if credential is None:
        login = f"xapi:{key[:40]}"
        refuse_when_limited(request, login)
        record_failure(request, login)
        raise NotAuthenticated("The key or the secret is wrong, or the credential was revoked or has expired.")
    return credential


def _json(request: HttpRequest) -> Any:
    """The body as JSON. Raises TooLarge before reading it, InvalidQuery for another media type, UnsafeInput."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length[:20]) > guards.MAX_JSON_BYTES:
        raise TooLarge(f"The body has {length[:20]} bytes; at most {guards.MAX_JSON_BYTES} are read at once.")
    if request.content_type != "application/json":
        raise InvalidQuery("The body must be sent as application/json.")
    return guards.load_json(request.body)


def _parameters(request: HttpRequest) -> dict[str, str]:
    """The parameters of the address, each once."""
    for name, values in request.GET.lists():
        if len(values) > 1:
            raise InvalidQuery(f"The parameter {name[:60]} is given more than once.")
    return request.GET.dict()


def _languages(request: HttpRequest) -> list[str]:
    """The tags of Accept-Language, best first."""
    weighted = []
    for entry in request.headers.get("Accept-Language", "")[:1000].split(","):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0]) if tag]
