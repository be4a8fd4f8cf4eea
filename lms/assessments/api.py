"""/api/v1/exams/ and /api/v1/attempts/: exams for me with my state, my attempts and results. Read only; no keys."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from lms.assessments import services
from lms.assessments.models import Assessment, Attempt
from lms.common.api import CursorPages

if TYPE_CHECKING:
    from lms.accounts.models import User


class StateSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=[state.value for state in services.State])
    attempts_left = serializers.IntegerField()
    until = serializers.DateTimeField(
        allow_null=True, help_text="End of the waiting time (waiting) or of the attempt (open)"
    )
    attempt = serializers.UUIDField(
        source="attempt.public_id", allow_null=True, default=None, help_text="The open, passed or last attempt"
    )


class ExamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    slug = serializers.SlugField()
    title = serializers.CharField()
    description = serializers.CharField()
    time_limit_minutes = serializers.IntegerField()
    attempts_allowed = serializers.IntegerField()
    wait_hours = serializers.IntegerField()
    cut_score = serializers.DecimalField(max_digits=5, decimal_places=2, help_text="Percent of the points that pass")
    mine = serializers.SerializerMethodField(help_text="Where the caller stands")

    @extend_schema_field(StateSerializer)
    def get_mine(self, assessment: Assessment) -> Any:
        return StateSerializer(self.context["states"][assessment.pk]).data


class SectionResultSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    points = serializers.DecimalField(max_digits=8, decimal_places=4)
    max_points = serializers.DecimalField(max_digits=8, decimal_places=4)


class AttemptSerializer(serializers.Serializer[Any]):
    """Points and `is_passed` are null until the attempt is scored and its result released."""

    id = serializers.UUIDField(source="public_id")
    exam = serializers.UUIDField(source="assessment.public_id")
    exam_slug = serializers.SlugField(source="assessment.slug")
    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    deadline_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    submitted_by = serializers.ChoiceField(choices=["", *Attempt.SubmittedBy.values])
    cut_score = serializers.DecimalField(max_digits=5, decimal_places=2)
    points = serializers.DecimalField(max_digits=8, decimal_places=4, allow_null=True)
    max_points = serializers.DecimalField(max_digits=8, decimal_places=4, allow_null=True)
    is_passed = serializers.BooleanField(allow_null=True)

    def to_representation(self, instance: Attempt) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(instance)
        return shown if instance.is_result_known else shown | dict.fromkeys(("points", "max_points", "is_passed"))


class AttemptDetailSerializer(AttemptSerializer):
    sections = serializers.SerializerMethodField(help_text="Result by section; empty until scored")

    @extend_schema_field(SectionResultSerializer(many=True))
    def get_sections(self, attempt: Attempt) -> Any:
        results = services.section_results(attempt) if attempt.is_result_known else []
        return SectionResultSerializer(results, many=True).data


class ByTitle(CursorPages):
    ordering = ["title", "id"]


class NewestFirst(CursorPages):
    ordering = ["-started_at", "-id"]


class Exams(GenericAPIView[Assessment]):
    """Exams that are for the caller, with his state."""

    queryset = Assessment.objects.none()
    serializer_class = ExamSerializer
    pagination_class = ByTitle
    filter_backends = []

    def get_queryset(self) -> QuerySet[Assessment]:
        return Assessment.objects.visible_to(self.request.user)

    @extend_schema(operation_id="exams_list", responses=ExamSerializer(many=True))
    def get(self, request: Request) -> Response:
        page = list(self.paginate_queryset(self.get_queryset()) or [])
        states = services.states_for(page, cast("User", request.user), timezone.now())
        serializer = ExamSerializer(page, many=True, context={"states": states})
        return self.get_paginated_response(serializer.data)


class OwnAttempts(GenericAPIView[Attempt]):
    queryset = Attempt.objects.none()
    serializer_class = AttemptSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Attempt]:
        return Attempt.objects.visible_to(self.request.user).select_related("assessment")


class Attempts(OwnAttempts):
    """The caller's attempts, newest first."""

    @extend_schema(operation_id="attempts_list", responses=AttemptSerializer(many=True))
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(AttemptSerializer(page, many=True).data)


class AttemptDetail(OwnAttempts):
    """One attempt of the caller, with its result by section."""

    serializer_class = AttemptDetailSerializer

    @extend_schema(operation_id="attempts_retrieve", responses=AttemptDetailSerializer)
    def get(self, request: Request, attempt_id: UUID) -> Response:
        attempt = get_object_or_404(self.get_queryset(), public_id=attempt_id)
        return Response(AttemptDetailSerializer(attempt).data)


api_urlpatterns = [
    path("exams/", Exams.as_view(), name="exams"),
    path("attempts/", Attempts.as_view(), name="attempts"),
    path("attempts/<uuid:attempt_id>/", AttemptDetail.as_view(), name="attempt"),
]
