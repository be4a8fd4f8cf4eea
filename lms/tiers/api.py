"""/api/v1/partners/<id>/tier/ and …/decisions/: where a partner stands, and why."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lms.common.api import CursorPages
from lms.partners.models import Partner
from lms.tiers import services
from lms.tiers.engine import State
from lms.tiers.models import Decision


class RequirementSerializer(serializers.Serializer[Any]):
    """`have` and `need` are exact: whole numbers or fractions such as "37/44"; `have` null means not known."""

    id = serializers.CharField()
    name = serializers.CharField(source="label")
    state = serializers.ChoiceField(choices=[state.value for state in State], source="finding.state")
    have = serializers.CharField(source="finding.have", allow_null=True)
    need = serializers.CharField(source="finding.need")
    figure = serializers.CharField(help_text="Have and need in words")
    missing = serializers.CharField(source="finding.missing", allow_blank=True)


class TierSerializer(serializers.Serializer[services.TierStatus]):
    """`next_tier` is null at the top; `requirements` lead to it, `own_requirements` keep the tier the partner has."""

    programme = serializers.CharField()
    tier = serializers.CharField(source="tier.slug", default=None, allow_null=True)
    tier_name = serializers.CharField(source="tier.name", default=None, allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateTimeField(allow_null=True)
    next_tier = serializers.CharField(allow_null=True)
    met = serializers.IntegerField()
    total = serializers.IntegerField()
    requirements = RequirementSerializer(many=True, source="rows")
    own_requirements = RequirementSerializer(many=True, source="own_rows")
    at_risk_on = serializers.DateField(source="risk.on", default=None, allow_null=True)
    evaluated_at = serializers.DateTimeField()


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """One entry of the log. `digest` is a SHA-256 over rules, inputs and result."""

    tier = serializers.SlugField(source="tier.slug")
    previous_tier = serializers.SlugField(source="previous_tier.slug", default=None, allow_null=True)
    programme = serializers.SlugField(source="version.programme.slug")
    version = serializers.IntegerField(source="version.number")

    class Meta:
        model = Decision
        fields = ["number", "tier", "previous_tier", "decided_at", "programme", "version", "digest"]


def _partner(request: Request, partner_id: UUID) -> Partner:
    partner = get_object_or_404(Partner.objects.visible_to(request.user), public_id=partner_id)
    if not request.user.has_perm("tiers.view_decision", partner):
        raise PermissionDenied
    return partner


class PartnerTier(APIView):
    """Where the partner stands now."""

    @extend_schema(operation_id="partners_tier_retrieve", responses=TierSerializer)
    def get(self, request: Request, partner_id: UUID) -> Response:
        """Tier, requirements of the next one with have and need, and the day of a foreseeable loss. 404 while no
        programme is in force."""
        try:
            found = services.status(partner=_partner(request, partner_id), at=timezone.now())
        except services.NoProgrammeInForce as error:
            raise Http404(error.message) from error
        return Response(TierSerializer(found).data)


class NewestFirst(CursorPages):
    ordering = ["-number"]


@extend_schema_view(get=extend_schema(operation_id="partners_decisions_list"))
class PartnerDecisions(ListAPIView[Decision]):
    """The partner's decisions, newest first."""

    queryset = Decision.objects.none()
    serializer_class = DecisionSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Decision]:
        if getattr(self, "swagger_fake_view", False):
            return Decision.objects.none()
        partner = _partner(self.request, self.kwargs["partner_id"])
        return partner.decisions.visible_to(self.request.user).for_verification().defer("inputs", "result")


api_urlpatterns = [
    path("partners/<uuid:partner_id>/tier/", PartnerTier.as_view(), name="partner-tier"),
    path("partners/<uuid:partner_id>/decisions/", PartnerDecisions.as_view(), name="partner-decisions"),
]
