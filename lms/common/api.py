"""What every API view shares: guarded JSON, cursor pages, problem+json (RFC 9457), and the schema's limits."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import exception_handler

from lms.common import guards, problems
from lms.common.errors import DomainError
from lms.common.problems import problem_body


class GuardedJSONParser(JSONParser):
    """JSON through `guards.load_json`: depth, size, duplicate keys, NUL, lone surrogates and huge numbers are a 400."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return guards.load_json(stream.read())
        except guards.UnsafeInput as error:
            raise exceptions.ParseError(error.message) from error


class CursorPages(CursorPagination):
    """Pages by cursor: constant cost, stable under inserts."""

    ordering: str | list[str] = "id"
    page_size_query_param = "page_size"
    max_page_size = 200


class Problem(exceptions.APIException):
    """Carries a DomainError through DRF."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(error.message, code=error.code)
        self.status_code = error.status
        self.wait = getattr(error, "retry_after", None)  # DRF makes Retry-After of it


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal as application/problem+json: type, title, status, detail and, for bad fields, errors."""
    if isinstance(error, DomainError):
        error = Problem(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    codes: Any = "invalid"
    if isinstance(error, exceptions.APIException):
        codes = error.get_codes()
    elif isinstance(error, Http404):
        codes = "not_found"
    elif isinstance(error, PermissionDenied):
        codes = "permission_denied"
    code = codes if isinstance(codes, str) else "invalid"
    detail = response.data.get("detail") if isinstance(response.data, dict) else None
    body = problem_body(response.status_code, code, str(detail or "Some fields were not accepted; nothing was saved."))
    if detail is None:
        body["errors"] = response.data
    response.data = body
    response.content_type = problems.CONTENT_TYPE
    return response


def only_our_paths(endpoints: list[tuple[str, str, str, Any]], **kwargs: Any) -> list[tuple[str, str, str, Any]]:
    """drf-spectacular hook: the schema lists /api/v1/ and nothing of Wagtail's."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]


_PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). Nothing was changed.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:laurel:problem: and a stable name"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, in a sentence"},
        "errors": {"description": "What was wrong, by field"},
    },
}


def describe_refusals(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """drf-spectacular hook: whatever operation refuses, it answers with a problem."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    content = {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for operation in path.values():
            operation["responses"]["4XX"] = {"description": "Refused; see `type` and `detail`.", "content": content}
    return result
