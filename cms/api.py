"""/api/v1/catalogue/: the courses open to the caller, and one of them with its outline."""

from typing import Any

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.urls import path
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView

from courses.models import Course, CourseVersion, Lesson, Module, Need
from lms.common.api import CursorPages
from lms.partners.models import today


class CatalogueCourseSerializer(serializers.Serializer[Course]):
    id = serializers.UUIDField(source="public_id")
    slug = serializers.SlugField()
    title = serializers.CharField()
    promise = serializers.CharField()
    need = serializers.ChoiceField(choices=Need.choices)
    personas = serializers.SerializerMethodField(help_text="Slugs; empty: everybody")
    minutes = serializers.IntegerField()
    lessons = serializers.IntegerField(source="lesson_count")

    def get_personas(self, course: Course) -> list[str]:
        return [persona.slug for persona in course.personas.all()]


class OutlineLessonSerializer(serializers.Serializer[Lesson]):
    slug = serializers.SlugField()
    title = serializers.CharField()
    minutes = serializers.IntegerField()


class OutlineModuleSerializer(serializers.Serializer[Module]):
    title = serializers.CharField()
    objectives = serializers.ListField(child=serializers.CharField())
    lessons = OutlineLessonSerializer(many=True, source="outline_lessons")


class CatalogueDetailSerializer(CatalogueCourseSerializer):
    objectives = serializers.ListField(child=serializers.CharField(), source="newest.objectives")
    modules = OutlineModuleSerializer(many=True, source="newest.outline_modules")


class CatalogueFilter(filters.FilterSet):
    need = filters.ChoiceFilter(choices=Need.choices)

    class Meta:
        model = Course
        fields = ["need"]


class ByTitle(CursorPages):
    ordering = ["title", "id"]


class CatalogueBase:
    """Courses that are visible to the caller and open to new people, with figures of their newest version."""

    request: Any

    def get_queryset(self) -> QuerySet[Course]:
        newest = CourseVersion.objects.filter(course=OuterRef("pk")).order_by("-number")
        counted = newest.annotate(count=Count("lessons")).values("count")[:1]
        return (
            Course.objects.visible_to(self.request.user)
            .offered(today())
            .annotate(
                promise=Subquery(newest.values("promise")[:1]),
                minutes=Subquery(newest.values("minutes")[:1]),
                lesson_count=Subquery(counted),
            )
            .prefetch_related("personas")
        )


class Catalogue(CatalogueBase, ListAPIView[Course]):
    """Courses open to me."""

    queryset = Course.objects.none()
    serializer_class = CatalogueCourseSerializer
    pagination_class = ByTitle
    filterset_class = CatalogueFilter


class CatalogueDetail(CatalogueBase, RetrieveAPIView[Course]):
    """One course with its outline."""

    queryset = Course.objects.none()
    serializer_class = CatalogueDetailSerializer
    lookup_field = "public_id"

    def get_object(self) -> Course:
        course: Any = super().get_object()
        lessons = Lesson.objects.defer("body").order_by("position")
        modules = Module.objects.order_by("position").prefetch_related(
            Prefetch("lessons", queryset=lessons, to_attr="outline_lessons")
        )
        versions = course.versions.order_by("-number").prefetch_related(
            Prefetch("modules", queryset=modules, to_attr="outline_modules")
        )
        course.newest = versions[0]
        found: Course = course
        return found


api_urlpatterns = [
    path("catalogue/", Catalogue.as_view(), name="catalogue"),
    path("catalogue/<uuid:public_id>/", CatalogueDetail.as_view(), name="catalogue-course"),
]
