"""/api/v1/partners/<id>/completion-rates/: how much of what a partner's people began they completed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lms.partners.models import Partner
from lms.reporting import services
from lms.reporting.rates import GroupRate, Rate, year_before

_EARLIEST = datetime.fromisoformat("2000-01-01T00:00:00Z")


class WindowSerializer(serializers.Serializer[Any]):
    """The window asked for: from `since` up to, but without, `until`. Without dates the last twelve months."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        until = attrs.get("until") or timezone.now()
        if until < _EARLIEST:
            raise serializers.ValidationError({"until": "There is nothing before the year 2000."})
        since = attrs.get("since") or year_before(until)
        if since >= until:
            raise serializers.ValidationError({"since": "The window begins after it ends."})
        return {"since": since, "until": until}


class RateSerializer(serializers.Serializer[Rate]):
    """`numerator` completed of `denominator` registered in the window and not withdrawn by its end."""

    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="When the newest statement counted, of any partner, was stored"
    )
    percent = serializers.IntegerField(allow_null=True, help_text="Cut to whole percent; null when nobody registered")


class GroupRateSerializer(serializers.Serializer[GroupRate[str]]):
    key = serializers.CharField(help_text="IRI of the course or slug of the persona; empty for no persona")
    name = serializers.CharField()
    rate = RateSerializer()


class CompletionRatesSerializer(serializers.Serializer[Any]):
    overall = RateSerializer()
    by_course = GroupRateSerializer(many=True)
    by_persona = GroupRateSerializer(many=True)


class CompletionRates(APIView):
    """Completion rates of a partner: in all, by course and by persona. From trusted statements only."""

    @extend_schema(
        operation_id="partners_completion_rates", parameters=[WindowSerializer], responses=CompletionRatesSerializer
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        partner = get_object_or_404(Partner.objects.visible_to(request.user), public_id=public_id)
        if not request.user.has_perm("reporting.view_figures", partner):
            raise PermissionDenied
        asked = WindowSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        window = asked.validated_data
        rates = {
            "overall": services.completion_rate(partner=partner, **window),
            "by_course": services.rates_by_course(partner=partner, **window),
            "by_persona": services.rates_by_persona(partner=partner, **window),
        }
        return Response(CompletionRatesSerializer(rates).data)


api_urlpatterns = [
    path("partners/<uuid:public_id>/completion-rates/", CompletionRates.as_view(), name="completion-rates"),
]
