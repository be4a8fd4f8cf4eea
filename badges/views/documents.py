"""What verifiers fetch: public, without a session, readable from other sites."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from badges import documents, hosted, services, standing, statuslist
from badges.jsonld import CONTEXTS
from badges.models import Achievement, Award, BadgeImage, IssuerKey
from badges.standing import Standing
from lms.common.problems import problem

TOKEN = "application/vc+jwt"  # noqa: S105  a media type
# A picture may be shown anywhere, and nothing in it may run.
_INERT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"


def _open(response: HttpResponse) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = "*"
    response["X-Robots-Tag"] = "noindex"
    return response


def _public(body: dict[str, Any], content_type: str) -> HttpResponse:
    return _open(JsonResponse(body, content_type=content_type, json_dumps_params={"ensure_ascii": False}))


@require_safe
def did(request: HttpRequest) -> HttpResponse:
    """The issuer's DID document with all keys."""
    response = _public(documents.did_document(IssuerKey.objects.order_by("created_at", "pk")), "application/did+json")
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def issuer(request: HttpRequest) -> HttpResponse:
    """The issuer's profile."""
    return _public({"@context": CONTEXTS, **documents.issuer_profile()}, "application/ld+json")


@require_safe
def achievement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What a badge stands for, as it is given now."""
    found = get_object_or_404(Achievement.objects.select_related("image"), public_id=public_id)
    return _public({"@context": CONTEXTS, **documents.achievement_document(found)}, "application/ld+json")


@require_safe
def image(request: HttpRequest, digest: str, form: str) -> HttpResponse:
    """A picture by its digest: it never changes, so it may be kept for good. The drawing is a tenth of the PNG."""
    found = get_object_or_404(BadgeImage, digest=digest)
    content: Any = services.svg_of(found) if form == "svg" else bytes(found.png)
    response = _open(HttpResponse(content, content_type="image/svg+xml" if form == "svg" else "image/png"))
    response["Content-Security-Policy"] = _INERT
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
def status_list(request: HttpRequest, purpose: str, number: int) -> HttpResponse:
    """Which badges were revoked or suspended: JSON with a proof, or the same as a token for who asks for one.

    Worked out and signed as of now; nobody may keep it.
    """
    if purpose not in statuslist.PURPOSES or not services.has_list(number):
        raise Http404
    at = timezone.now()
    if _wants_token(request):
        response = _token(services.status_list_token(number=number, purpose=purpose, at=at))
    else:
        response = _public(services.status_list(number=number, purpose=purpose, at=at), "application/vc")
    patch_vary_headers(response, ["Accept"])
    response["Cache-Control"] = "no-store"
    return response


def _token(token: str) -> HttpResponse:
    return _open(HttpResponse(token, content_type=TOKEN))


def _wants_token(request: HttpRequest) -> bool:
    """Whether the reader names a token before, or instead of, JSON."""
    offered = ["application/vc", "application/ld+json", "application/json", TOKEN, "application/jwt"]
    return request.get_preferred_type(offered) in {TOKEN, "application/jwt"}


@require_safe
def document(request: HttpRequest, public_id: UUID, form: str) -> HttpResponse:
    """The badge as signed: JSON, token, or baked into its picture. Whoever has the address may read it.

    410 once it was revoked, 403 while it is suspended, whichever form is asked for.
    """
    award = get_object_or_404(Award.objects.whole(), public_id=public_id)
    at = timezone.now()
    state = standing.of_award(award, at)
    if state.is_listed:
        is_gone = state == Standing.REVOKED
        code, words = ("revoked", "was revoked") if is_gone else ("suspended", "is suspended at present")
        response = _open(problem(410 if is_gone else 403, code, f"This badge {words}."))
    elif form == "jwt" or (form == "json" and _wants_token(request)):
        response = _token(services.token_of(award, at=at))
    elif form == "json":
        response = _open(HttpResponse(services.handed_out(award, "json", at=at), content_type="application/vc"))
    else:
        response = _baked(award, form)
    if not state.is_listed:
        shown = form in {"json", "jwt"}
        response["Content-Disposition"] = content_disposition_header(not shown, f"badge.{form}") or "inline"
    patch_vary_headers(response, ["Accept"])
    response["Cache-Control"] = "no-store"
    return response


def _baked(award: Award, form: str) -> HttpResponse:
    kind = "image/png" if form == "png" else "image/svg+xml"
    response = HttpResponse(services.handed_out(award, form, at=timezone.now()), content_type=kind)
    response["Content-Security-Policy"] = _INERT
    return _open(response)


@require_safe
def old_assertion(request: HttpRequest, ticket: str) -> HttpResponse:
    """An award as Open Badges 2.0, where its holder asked for that. 410 and "revoked" once it does not hold."""
    award = hosted.award_of(ticket)
    if award is None:
        raise Http404
    state = standing.of_award(award, timezone.now())
    response = _public(hosted.assertion(award, state, ticket=ticket), "application/ld+json")
    response.status_code = 410 if state.is_listed else 200
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def old_class(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """An achievement as Open Badges 2.0."""
    found = get_object_or_404(Achievement.objects.select_related("image"), public_id=public_id)
    return _public(hosted.badge_class(found), "application/ld+json")


@require_safe
def old_issuer(request: HttpRequest) -> HttpResponse:
    """The issuer as Open Badges 2.0."""
    return _public(hosted.issuer(), "application/ld+json")
