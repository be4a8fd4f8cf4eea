"""/api/v1/enrolments/: my enrolments with progress; enrolling, completing lessons, leaving."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from courses import progress, services
from courses.models import Course, Enrolment
from courses.progress import Progress
from lms.accounts.requests import person_of
from lms.common.api import CursorPages
from lms.partners.middleware import membership_of


@dataclass(frozen=True)
class Row:
    """An enrolment with its progress, as the serializer reads it."""

    enrolment: Enrolment
    progress: Progress

    @classmethod
    def of(cls, enrolments: list[Enrolment]) -> "list[Row]":
        counts = progress.for_enrolments(enrolments)
        return [cls(enrolment, counts[enrolment.pk]) for enrolment in enrolments]

    @property
    def lessons(self) -> list[dict[str, Any]]:
        done = self.progress.done_lessons
        return [
            {"slug": one.slug, "title": one.title, "minutes": one.minutes, "is_done": one.pk in done}
            for one in self.progress.lessons
        ]


class LessonSerializer(serializers.Serializer[Any]):
    slug = serializers.SlugField()
    title = serializers.CharField()
    minutes = serializers.IntegerField()


class LessonStateSerializer(LessonSerializer):
    is_done = serializers.BooleanField()


class EnrolmentSerializer(serializers.Serializer[Any]):
    """Progress is counted in lessons: `lessons_done` of `lessons_total`."""

    id = serializers.UUIDField(source="enrolment.public_id")
    course = serializers.UUIDField(source="enrolment.course.public_id")
    course_slug = serializers.SlugField(source="enrolment.course.slug")
    title = serializers.CharField(source="enrolment.version.title")
    enrolled_at = serializers.DateTimeField(source="enrolment.enrolled_at")
    completed_at = serializers.DateTimeField(source="enrolment.completed_at", allow_null=True)
    withdrawn_at = serializers.DateTimeField(source="enrolment.withdrawn_at", allow_null=True)
    lessons_done = serializers.IntegerField(source="progress.done")
    lessons_total = serializers.IntegerField(source="progress.total")
    minutes_left = serializers.IntegerField(source="progress.minutes_left")
    next_lesson = LessonSerializer(source="progress.next_lesson", allow_null=True)


class EnrolmentDetailSerializer(EnrolmentSerializer):
    lessons = LessonStateSerializer(many=True)


class EnrolSerializer(serializers.Serializer[Any]):
    course = serializers.UUIDField(help_text="The course's id, from the catalogue")


class NewestFirst(CursorPages):
    ordering = ["-enrolled_at", "-id"]


class OwnEnrolments(GenericAPIView[Any]):
    """Base: the caller's own enrolments, found by public id."""

    queryset = Enrolment.objects.none()
    serializer_class: type[serializers.Serializer[Any]] = EnrolmentDetailSerializer
    pagination_class = NewestFirst
    filter_backends = []
    lookup_field = "public_id"

    def get_queryset(self) -> QuerySet[Enrolment]:
        own = Enrolment.objects.visible_to(self.request.user).filter(person=self.request.user.pk)
        return own.select_related("course", "version")

    def answer(self, enrolment: Enrolment, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=enrolment.pk)
        return Response(EnrolmentDetailSerializer(Row.of([fresh])[0]).data, status=code)


class Enrolments(OwnEnrolments):
    """My enrolments, newest first."""

    serializer_class = EnrolmentSerializer

    @extend_schema(operation_id="enrolments_list", responses=EnrolmentSerializer(many=True))
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(EnrolmentSerializer(Row.of(list(page or [])), many=True).data)

    @extend_schema(request=EnrolSerializer, responses={201: EnrolmentDetailSerializer})
    def post(self, request: Request) -> Response:
        """Enrols the caller, on behalf of his current partner. Repeating it answers with the enrolment there is."""
        wanted = EnrolSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        courses = Course.objects.visible_to(request.user)
        course = get_object_or_404(courses, public_id=wanted.validated_data["course"])
        mine = Enrolment.objects.current().filter(person=request.user.pk, course=course).first()
        if mine is None:
            if not request.user.has_perm("courses.enrol", course):
                raise PermissionDenied
            mine = services.enrol_person(
                person=person_of(request), course=course, membership=membership_of(request), at=timezone.now()
            )
        return self.answer(mine, status.HTTP_201_CREATED)


class EnrolmentDetail(OwnEnrolments):
    """One of my enrolments with its lessons."""

    @extend_schema(operation_id="enrolments_retrieve", responses=EnrolmentDetailSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        return self.answer(self.get_object())


class LessonCompletions(OwnEnrolments):
    """Completes a lesson; with the last one the course."""

    @extend_schema(request=None, responses=EnrolmentDetailSerializer)
    def post(self, request: Request, public_id: UUID, lesson: str) -> Response:
        enrolment = self.get_object()
        services.complete_lesson(
            enrolment=enrolment,
            lesson=get_object_or_404(enrolment.version.lessons.defer("body"), slug=lesson),
            at=timezone.now(),
        )
        return self.answer(enrolment)


class Withdrawals(OwnEnrolments):
    """Leaves a course that is not completed."""

    @extend_schema(request=None, responses=EnrolmentDetailSerializer)
    def post(self, request: Request, public_id: UUID) -> Response:
        enrolment = self.get_object()
        services.withdraw_enrolment(enrolment=enrolment, by=person_of(request), at=timezone.now())
        return self.answer(enrolment)


api_urlpatterns = [
    path("enrolments/", Enrolments.as_view(), name="enrolments"),
    path("enrolments/<uuid:public_id>/", EnrolmentDetail.as_view(), name="enrolment"),
    path("enrolments/<uuid:public_id>/withdraw/", Withdrawals.as_view(), name="enrolment-withdraw"),
    path(
        "enrolments/<uuid:public_id>/lessons/<slug:lesson>/complete/",
        LessonCompletions.as_view(),
        name="lesson-complete",
    ),
]
