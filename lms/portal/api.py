"""/api/v1/partners/<id>/report/ and /api/v1/reports/<kind>/: the figures that the pages have."""

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
from lms.portal import converters, reports  # noqa: F401  the converters register themselves
from lms.reporting.rules import PERMISSIONS


class BasisSerializer(serializers.Serializer[reports.Basis]):
    """The window [since, until), when the newest statement in it was stored, and the filter in words."""

    since = serializers.CharField()
    until = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    filter = serializers.CharField(source="narrowed")


class FigureSerializer(serializers.Serializer[reports.Figure]):
    """`value` is as people read it; `numerator` and `denominator` are exact."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField()
    numerator = serializers.IntegerField(allow_null=True)
    denominator = serializers.IntegerField(allow_null=True)
    definition = serializers.CharField()
    basis = BasisSerializer()


class TableSerializer(serializers.Serializer[reports.Table]):
    """Rows in the order of `columns`; what is not known is null. Long tables are in the files only."""

    key = serializers.CharField()
    title = serializers.CharField()
    definition = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(), source="shown")
    basis = BasisSerializer()


class ReportSerializer(serializers.Serializer[reports.Report]):
    kind = serializers.CharField()
    title = serializers.CharField()
    made_at = serializers.DateTimeField()
    figures = FigureSerializer(many=True)
    tables = TableSerializer(many=True)

    def to_representation(self, instance: reports.Report) -> dict[str, Any]:
        found = super().to_representation(instance)
        long = {table.key for table in instance.tables if table.is_long}
        found["tables"] = [table for table in found["tables"] if table["key"] not in long]
        return found


class PartnerReport(APIView):
    """How a partner trains."""

    @extend_schema(operation_id="partners_report_retrieve", responses=ReportSerializer)
    def get(self, request: Request, partner_id: UUID) -> Response:
        """Figures and tables of the partner report, each with window, freshness, filter and definition."""
        partner = get_object_or_404(Partner.objects.visible_to(request.user), public_id=partner_id)
        if not request.user.has_perm(PERMISSIONS["partner"], partner):
            raise PermissionDenied
        found = reports.build(kind="partner", partner=partner, at=timezone.now())
        return Response(ReportSerializer(found).data)


class ProgrammeReport(APIView):
    """All partners: "portfolio" side by side, "overview" in sums."""

    @extend_schema(operation_id="reports_retrieve", responses=ReportSerializer)
    def get(self, request: Request, kind: str) -> Response:
        """Figures and tables of the report, each with window, freshness, filter and definition."""
        if not request.user.has_perm(PERMISSIONS[kind]):
            raise PermissionDenied
        found = reports.build(kind=kind, partner=None, at=timezone.now())
        return Response(ReportSerializer(found).data)


api_urlpatterns = [
    path("partners/<uuid:partner_id>/report/", PartnerReport.as_view(), name="partner-report"),
    path("reports/<programme_report:kind>/", ProgrammeReport.as_view(), name="report"),
]
