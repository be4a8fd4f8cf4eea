"""/api/v1/deals/forecast/: the numbers of the pipeline page."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lms.deals import services
from lms.deals.api_fields import MonthField
from lms.deals.requests import deals_of
from lms.deals.stages import OPEN_STAGES


class ExpectedSerializer(serializers.Serializer[services.Expected]):
    """Open deals of one currency. Amounts are exact decimals as text; currencies are never added."""

    currency = serializers.CharField()
    deals = serializers.IntegerField(source="count")
    value = serializers.DecimalField(max_digits=24, decimal_places=3, help_text="If all are won")
    approved_value = serializers.DecimalField(max_digits=24, decimal_places=3, source="approved")
    weighted_value = serializers.DecimalField(max_digits=24, decimal_places=3, source="weighted")


class ExpectedMonthSerializer(serializers.Serializer[services.Group]):
    month = MonthField()
    sums = ExpectedSerializer(many=True)


class StageWeightSerializer(serializers.Serializer[Any]):
    """The vendor's assumption for a stage, and what these deals measured in the last four quarters."""

    stage = serializers.ChoiceField(choices=[(kind.key, kind.label) for kind in OPEN_STAGES])
    percent = serializers.IntegerField(help_text="Assumed")
    ended = serializers.IntegerField(help_text="Deals that had stood in the stage and ended")
    won = serializers.IntegerField()
    measured_percent = serializers.IntegerField(
        allow_null=True, help_text=f"null while fewer than {services.FEWEST_ENDED} ended"
    )


class ForecastSerializer(serializers.Serializer[Any]):
    """Deals whose month is over stand in `overdue`, and in no other sum."""

    as_of = serializers.DateTimeField()
    months = ExpectedMonthSerializer(many=True)
    totals = ExpectedSerializer(many=True)
    overdue = ExpectedMonthSerializer(many=True)
    weights = StageWeightSerializer(many=True)


class ForecastView(APIView):
    """What open deals should bring: your partner's; for channel roles all, or one partner's."""

    @extend_schema(
        operation_id="deals_forecast",
        responses=ForecastSerializer,
        parameters=[OpenApiParameter("partner", str, description="Slug of a partner, for channel roles")],
    )
    def get(self, request: Request) -> Response:
        """The same sums as the pipeline page and its files."""
        (deals, _), now = deals_of(request._request), timezone.now()
        weights = services.weights_in_force()
        shares = services.measured_shares(deals, at=now)
        found = services.forecast(deals, weights=weights, at=now)
        rows = [
            {
                "stage": kind.key,
                "percent": weights.by_stage[kind.key],
                "ended": shares[kind.key].ended,
                "won": shares[kind.key].won,
                "measured_percent": shares[kind.key].percent,
            }
            for kind in OPEN_STAGES
        ]
        answer = {"as_of": now, "months": found.months, "totals": found.totals, "overdue": found.overdue}
        return Response(ForecastSerializer({**answer, "weights": rows}).data)
