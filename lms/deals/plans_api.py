"""/api/v1/joint-plans/: joint plans as both sides see them, read only."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lms.common.api import CursorPages
from lms.deals import services
from lms.deals.models import Decision, JointActivity, JointPlan, PlanAction, PlanReview
from lms.deals.plan_templates import Measure


class JointPlanSerializer(serializers.ModelSerializer[JointPlan]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    partner = serializers.UUIDField(source="partner.public_id", read_only=True)

    class Meta:
        model = JointPlan
        fields = ["id", "partner", "title", "starts_on", "ends_on", "started_at", "ended_at"]
        read_only_fields = fields


class ReachedSerializer(serializers.Serializer[services.Reached]):
    """An objective; `value` is computed when you ask, null where nothing is known. Exact decimals as text."""

    id = serializers.UUIDField(source="objective.public_id")
    title = serializers.CharField(source="objective.title")
    measure = serializers.ChoiceField(choices=Measure.choices, source="objective.measure")
    currency = serializers.CharField(source="objective.currency", help_text="Of a value, else empty")
    target = serializers.DecimalField(max_digits=15, decimal_places=3, source="objective.target", allow_null=True)
    value = serializers.DecimalField(max_digits=24, decimal_places=3, allow_null=True)
    percent = serializers.IntegerField(allow_null=True, help_text="Of the target, cut, at most 100")


class PlanActionSerializer(serializers.ModelSerializer[PlanAction]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    owner = serializers.CharField(source="owner.name", read_only=True)

    class Meta:
        model = PlanAction
        fields = ["id", "title", "owner", "due_on", "done_at"]
        read_only_fields = fields


class PlanReviewSerializer(serializers.ModelSerializer[PlanReview]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    decision = serializers.ChoiceField(choices=Decision.choices, allow_blank=True, read_only=True)

    class Meta:
        model = PlanReview
        fields = ["id", "due_on", "held_at", "decision", "note"]
        read_only_fields = fields


class JointActivitySerializer(serializers.ModelSerializer[JointActivity]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    our_owner = serializers.CharField(source="our_owner.name", read_only=True)
    their_owner = serializers.CharField(source="their_owner.name", read_only=True)

    class Meta:
        model = JointActivity
        fields = ["id", "kind", "title", "held_on", "our_owner", "their_owner", "customers", "prospects", "result"]
        read_only_fields = fields


class JointPlanDetailSerializer(serializers.Serializer[Any]):
    plan = JointPlanSerializer()
    objectives = ReachedSerializer(many=True)
    actions = PlanActionSerializer(many=True)
    activities = JointActivitySerializer(many=True)
    reviews = PlanReviewSerializer(many=True)


class NewestFirst(CursorPages):
    ordering = ["-starts_on", "-pk"]


class JointPlanList(ListAPIView[JointPlan]):
    """Plans you see, the newest first."""

    queryset = JointPlan.objects.none()
    serializer_class = JointPlanSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[JointPlan]:
        return JointPlan.objects.visible_to(self.request.user).select_related("partner")


class JointPlanDetail(APIView):
    """One plan with what is reached of it."""

    @extend_schema(operation_id="joint_plans_retrieve", responses=JointPlanDetailSerializer)
    def get(self, request: Request, plan_id: UUID) -> Response:
        """The same measures as the plan's page; dropped objectives and actions are left out."""
        found = JointPlan.objects.visible_to(request.user).select_related("partner")
        plan = get_object_or_404(found, public_id=plan_id)
        objectives = plan.objectives.filter(dropped_at=None).order_by("pk")
        answer = {
            "plan": plan,
            "objectives": services.reached(plan, objectives, at=timezone.now()),
            "actions": plan.actions.filter(dropped_at=None).select_related("owner").order_by("due_on", "pk"),
            "activities": plan.activities.filter(dropped_at=None)
            .select_related("our_owner", "their_owner")
            .order_by("held_on", "pk"),
            "reviews": plan.reviews.order_by("due_on"),
        }
        return Response(JointPlanDetailSerializer(answer).data)
