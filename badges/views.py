"""What verifiers fetch: public, without a session, readable from other sites."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from badges import documents
from badges.jsonld import CONTEXTS
from badges.models import Achievement, Award, IssuerKey


def _public(body: dict[str, Any], content_type: str, *, status: int = 200) -> HttpResponse:
    response = JsonResponse(body, status=status, content_type=content_type, json_dumps_params={"ensure_ascii": False})
    response["Access-Control-Allow-Origin"] = "*"
    response["X-Robots-Tag"] = "noindex"
    return response


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
    """What a badge stands for."""
    found = get_object_or_404(Achievement.objects.select_related("certification"), public_id=public_id)
    body = documents.achievement_document(found, version=found.certification.number)
    return _public({"@context": CONTEXTS, **body}, "application/ld+json")


@require_safe
def document(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The badge as signed; 410 once the credential behind it was revoked. Whoever has the address may read it."""
    award = get_object_or_404(Award.objects.select_related("credential"), public_id=public_id)
    if award.credential.revoked_at is not None:
        body = {
            "type": "urn:laurel:problem:revoked",
            "title": "Gone",
            "status": 410,
            "detail": "This badge was revoked.",
        }
        response = _public(body, "application/problem+json", status=410)
    else:
        response = _public(award.document, "application/vc")
        response["Content-Disposition"] = 'inline; filename="badge.json"'
    response["Cache-Control"] = "no-store"
    return response
