"""Courses as learners' records know them: immutable published outlines, enrolments, progress in whole lessons."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from courses.audience import admits, readers_of
from lms.common.models import PublicIdModel
from lms.partners.models import Membership

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class Need(models.TextChoices):
    """What a partner comes for (R57). The value stands in addresses."""

    GET_CERTIFIED = "get-certified", "Get certified"
    CLOSE_A_DEAL = "close-a-deal", "Close a deal"
    IMPLEMENT_THE_PRODUCT = "implement-the-product", "Implement the product"


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, user: "User | AnonymousUser") -> "CourseQuerySet":
        """All for vendor staff; otherwise what is for one of the person's memberships, and what he is enrolled in."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("courses.view_all_courses"):
            return self
        own = Enrolment.objects.current().filter(person=user).values("course_id")
        return self.filter(admits(Course, readers_of(user)) | Q(pk__in=own))

    def offered(self, on: date) -> "CourseQuerySet":
        """Open to new people on the day `on`: published, not retired, and not past its review date (R51)."""
        return self.filter(Q(review_on=None) | Q(review_on__gte=on), retired_at=None, versions__number=1)


class Course(PublicIdModel):
    """What a learner enrols in. Its page in the CMS may move or go; this row and its versions stay.

    Audience, need and review date are those of the published page: they say who may begin, not who may finish.
    """

    slug = models.SlugField(unique=True, max_length=100)
    title = models.CharField(max_length=200)
    need = models.CharField(max_length=30, choices=Need, default=Need.GET_CERTIFIED)
    personas = models.ManyToManyField("partners.Persona", blank=True, related_name="+", help_text="Empty: everybody")
    partner_types = models.ManyToManyField("partners.PartnerType", blank=True, related_name="+")
    regions = models.ManyToManyField("partners.Region", blank=True, related_name="+")
    minimum_tier = models.ForeignKey(
        "partners.TierName", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review_on = models.DateField(null=True, blank=True, help_text="The last day on which it is offered unreviewed")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = CourseQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        """The xAPI activity: the course across its versions."""
        return f"{settings.XAPI_BASE_IRI}/courses/{self.public_id}"


class CourseVersion(models.Model):
    """An outline as published: number 1, 2, … per course. Rows below it are never changed or deleted."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    promise = models.CharField(max_length=300)
    objectives = models.JSONField(default=list)
    minutes = models.PositiveSmallIntegerField()
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of the outline; publishing the same again makes no version"
    )
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "number"], name="courses_version_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class Module(models.Model):
    """A part of one course version: opens with objectives, closes with resources (R81)."""

    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="modules")
    key = models.UUIDField(help_text="The same in every version of the course")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    objectives = models.JSONField(default=list)
    resources = models.JSONField(default=list, help_text="[{title, text, url}]")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="courses_module_position_once"),
            models.UniqueConstraint(fields=["version", "key"], name="courses_module_key_once"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/modules/{self.key}"


class LessonQuerySet(models.QuerySet["Lesson"]):
    def outlined(self) -> "LessonQuerySet":
        """In course order, with their modules, without their bodies: what an outline shows."""
        return self.defer("body").select_related("module").order_by("position")


class Lesson(models.Model):
    """A few minutes of one module. `body` is the frozen StreamField value; the CMS knows how to show it."""

    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="lessons")
    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="lessons")
    key = models.UUIDField(help_text="The same in every version of the course")
    slug = models.SlugField(max_length=100)
    position = models.PositiveSmallIntegerField(help_text="1, 2, … through the whole course")
    title = models.CharField(max_length=200)
    minutes = models.PositiveSmallIntegerField()
    body = models.JSONField(default=list)

    objects = LessonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="courses_lesson_position_once"),
            models.UniqueConstraint(fields=["version", "key"], name="courses_lesson_key_once"),
            models.UniqueConstraint(fields=["version", "slug"], name="courses_lesson_slug_once"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/lessons/{self.key}"


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def visible_to(self, user: "User | AnonymousUser") -> "EnrolmentQuerySet":
        """One's own; a manager's people's, as enrolled at his partner; all for channel roles."""
        if not user.is_authenticated:
            return self.none()
        memberships = Membership.objects.visible_to(user).values("pk")
        return self.filter(Q(person=user) | Q(membership__in=memberships))

    def current(self) -> "EnrolmentQuerySet":
        """Running or completed, not withdrawn: at most one per person and course."""
        return self.filter(withdrawn_at=None)


class Enrolment(PublicIdModel):
    """A person takes a course on behalf of a membership. Bound to the version he began with.

    `registration` is the xAPI registration of every statement about this enrolment.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="enrolments")
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="enrolments"
    )
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="enrolments")
    version = models.ForeignKey(CourseVersion, on_delete=models.PROTECT, related_name="enrolments")
    registration = models.UUIDField(unique=True)
    enrolled_at = models.DateTimeField()
    initialized_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "course"], condition=Q(withdrawn_at=None), name="courses_one_open_enrolment"
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(completed_at__gte=F("enrolled_at")),
                name="courses_completed_after_enrolled",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(withdrawn_at=None), name="courses_completed_is_not_withdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.course}"


class LessonProgress(models.Model):
    """A learner opened, and perhaps completed, one lesson. Progress is counted, never stored as a share."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="progress")
    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "lesson"], name="courses_progress_once_per_lesson"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.lesson_id}"


class ModuleCompletion(models.Model):
    """Every lesson of a module is done. Written once."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="module_completions")
    module = models.ForeignKey(Module, on_delete=models.PROTECT, related_name="+")
    completed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "module"], name="courses_module_completed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment_id}: {self.module_id}"
