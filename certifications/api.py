"""/api/v1/credentials/: mine, and those of the people a manager looks after. Read only."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from certifications.models import Credential
from lms.common.api import CursorPages
from lms.partners.models import Partner, today


class MetSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["course", "exam", "practice", "points", "certification", "decision"])
    title = serializers.CharField()
    statement_id = serializers.UUIDField(allow_null=True, help_text="The xAPI statement that tells of it")


class CredentialSerializer(serializers.Serializer[Any]):
    """As issued; `status` is today's."""

    id = serializers.CharField(source="public_id")
    certification = serializers.UUIDField(source="certification.public_id")
    certification_slug = serializers.SlugField(source="certification.slug")
    title = serializers.CharField(source="snapshot.title")
    holder_name = serializers.CharField()
    status = serializers.SerializerMethodField()
    issued_at = serializers.DateTimeField()
    expires_on = serializers.DateField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    suspended_at = serializers.DateTimeField(allow_null=True)
    verify_url = serializers.URLField()
    badge_path = serializers.SerializerMethodField(help_text="Where the signed badge is; null while it is being signed")

    def get_status(self, credential: Credential) -> str:
        return credential.status(today()).value

    def get_badge_path(self, credential: Credential) -> str | None:
        award = getattr(credential, "award", None)
        return reverse("badges:document", args=[award.public_id]) if award else None


class CredentialDetailSerializer(CredentialSerializer):
    criteria = serializers.CharField(source="snapshot.criteria")
    issuer_name = serializers.CharField(source="snapshot.issuer_name")
    number = serializers.IntegerField(source="snapshot.number", help_text="Of the certification, at issue")
    requirements = MetSerializer(source="snapshot.requirements", many=True)
    statement_id = serializers.UUIDField(source="snapshot.statement_id", help_text="Of the statement `earned`")
    revocation_reason = serializers.CharField()


class FilterSerializer(serializers.Serializer[Any]):
    """What the list may be asked for; anything else in the query is ignored."""

    partner = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=Credential.Status.choices, required=False)


class NewestFirst(CursorPages):
    ordering = ["-issued_at", "-id"]


class VisibleCredentials(GenericAPIView[Credential]):
    """Base: what the caller may see."""

    queryset = Credential.objects.none()
    serializer_class = CredentialSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Credential]:
        return Credential.objects.visible_to(self.request.user).select_related("certification", "award")


class Credentials(VisibleCredentials):
    """My credentials; with `partner`, those of the people who belong to it today (permission partners.view_people)."""

    @extend_schema(
        operation_id="credentials_list",
        parameters=[
            OpenApiParameter("partner", UUID, description="A partner's public id"),
            OpenApiParameter("status", str, enum=Credential.Status.values),
        ],
        responses=CredentialSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        asked = FilterSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        found = self.of(asked.validated_data.get("partner"))
        if status := asked.validated_data.get("status"):
            found = _with_status(found, status)
        page = list(self.paginate_queryset(found) or [])
        return self.get_paginated_response(CredentialSerializer(page, many=True).data)

    def of(self, partner_id: UUID | None) -> QuerySet[Credential]:
        """One's own, or those of a partner's people. An unseen partner is 404, a forbidden one 403."""
        if partner_id is None:
            return self.get_queryset().filter(person=self.request.user.pk)
        partner = get_object_or_404(Partner.objects.visible_to(self.request.user), public_id=partner_id)
        if not self.request.user.has_perm("partners.view_people", partner):
            raise PermissionDenied
        return self.get_queryset().filter(person__in=partner.memberships.active(today()).values("person_id"))


def _with_status(credentials: QuerySet[Credential], status: str) -> QuerySet[Credential]:
    if status in {Credential.Status.REVOKED, Credential.Status.REPLACED}:
        is_replaced = status == Credential.Status.REPLACED
        return credentials.filter(revoked_at__isnull=False, replaced_by__isnull=not is_replaced)
    if status == Credential.Status.SUSPENDED:
        return credentials.filter(revoked_at=None, suspended_at__isnull=False)
    ended = Q(expires_on__lt=today())
    in_force = credentials.filter(revoked_at=None, suspended_at=None)
    return in_force.filter(ended if status == Credential.Status.EXPIRED else ~ended)


class CredentialDetail(VisibleCredentials):
    """One credential with its evidence."""

    serializer_class = CredentialDetailSerializer

    @extend_schema(operation_id="credentials_retrieve", responses=CredentialDetailSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        credential = get_object_or_404(self.get_queryset(), public_id=public_id)
        return Response(CredentialDetailSerializer(credential).data)


api_urlpatterns = [
    path("credentials/", Credentials.as_view(), name="credentials"),
    path("credentials/<str:public_id>/", CredentialDetail.as_view(), name="credential"),
]
