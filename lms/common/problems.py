"""Refusals for machines: application/problem+json (RFC 9457), the same from views, middleware and error handlers."""

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse

CONTENT_TYPE = "application/problem+json"


def problem_body(status: int, code: str, detail: str = "") -> dict[str, object]:
    """The members every problem has; `code` is a stable name for programs, `detail` a sentence for people."""
    title = HTTPStatus(status).phrase
    return {"type": f"urn:laurel:problem:{code}", "title": title, "status": status, "detail": detail or f"{title}."}


def problem(status: int, code: str, detail: str = "") -> JsonResponse:
    return JsonResponse(problem_body(status, code, detail), status=status, content_type=CONTENT_TYPE)


def oauth_problem(status: int, error: str, words: str) -> JsonResponse:
    """RFC 6749, 5.2: what programs that speak OAuth 2 understand."""
    return JsonResponse({"error": error, "error_description": words}, status=status)


def is_for_machines(request: HttpRequest) -> bool:
    """Whether a refusal of this request is read by a program: the API, the record store, the issuer's documents, and
    what applications ask that read badges. At /oauth/authorize a person is asked."""
    if request.path.startswith("/oauth/"):
        return request.path != "/oauth/authorize"
    return request.path.startswith(("/api/", "/xapi/", "/badges/", "/ims/", "/.well-known/"))
