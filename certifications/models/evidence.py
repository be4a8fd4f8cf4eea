"""What people handed in, and what gives continuing points."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from certifications.models.certifications import Certification, PracticeTask
from courses.models import Course
from lms.assessments.models import Assessment
from lms.common.models import PublicIdModel
from lms.partners.models import Membership

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def waiting(self) -> "SubmissionQuerySet":
        """Not judged yet."""
        return self.filter(decided_at=None)

    def accepted(self) -> "SubmissionQuerySet":
        return self.filter(is_accepted=True)

    def visible_to(self, user: "User | AnonymousUser") -> "SubmissionQuerySet":
        """One's own; all for those who review. It tells of customers: no manager of a partner sees it."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("certifications.review_practice"):
            return self
        return self.filter(person=user)


class Submission(PublicIdModel):
    """What a person handed in, once, and what a reviewer said to it: never changed, never deleted.

    For a practice task, or as a claim of continuing points for a certification (then with title, day and points). To
    hand in again is a new row, so the history is whole. What an administrator records is accepted from the start.
    """

    task = models.ForeignKey(PracticeTask, null=True, blank=True, on_delete=models.PROTECT, related_name="submissions")
    certification = models.ForeignKey(
        Certification, null=True, blank=True, on_delete=models.PROTECT, related_name="claims"
    )
    title = models.CharField(max_length=150, blank=True, help_text="Of a claim: what was done")
    happened_on = models.DateField(null=True, blank=True)
    points = models.PositiveSmallIntegerField(null=True, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="submissions")
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="When handed in"
    )
    words = models.TextField(blank=True)
    link = models.URLField(blank=True, max_length=500)
    file = models.FileField(upload_to="certificates/evidence/", blank=True, max_length=200)
    file_name = models.CharField(max_length=150, blank=True, help_text="As its owner called it")
    submitted_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_accepted = models.BooleanField(null=True, blank=True)
    reason = models.CharField(max_length=1000, blank=True, help_text="What the reviewer said; needed to return it")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task", "person"],
                condition=Q(task__isnull=False, decided_at=None),
                name="certifications_one_waiting_submission",
            ),
            models.UniqueConstraint(
                fields=["certification", "person", "title", "happened_on"],
                condition=Q(certification__isnull=False) & (Q(is_accepted=None) | Q(is_accepted=True)),
                name="certifications_points_claimed_once",
            ),
            models.CheckConstraint(
                condition=Q(task__isnull=False, certification=None, title="", happened_on=None, points=None)
                # a condition on nothing is unknown, and a check lets that pass: so not null stands beside the value
                | (
                    Q(task=None, certification__isnull=False, happened_on__isnull=False)
                    & Q(points__isnull=False, points__gte=1)
                    & ~Q(title="")
                ),
                name="certifications_submission_is_for_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, is_accepted=None, reason="")
                | (
                    Q(decided_at__isnull=False, decided_by__isnull=False, is_accepted__isnull=False)
                    & (Q(is_accepted=True) | ~Q(reason=""))
                ),
                name="certifications_judgement_has_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.what}"

    @property
    def what(self) -> str:
        """The task's title, or what was claimed; with the task loaded it costs no query."""
        return self.task.title if self.task is not None else self.title

    @property
    def is_waiting(self) -> bool:
        return self.decided_at is None

    @property
    def activity_iri(self) -> str:
        """What statements about it are about: the task, or the claimed thing itself."""
        if self.task is not None:
            return self.task.activity_iri
        return f"{settings.XAPI_BASE_IRI}/points/{self.public_id}"

    @property
    def counted_on(self) -> date | None:
        """The day it counts from: a claim's own, else the day of the acceptance."""
        return self.happened_on or (self.decided_at.date() if self.decided_at else None)


class PointsRule(models.Model):
    """A course or an exam gives so many continuing points for a certification, once in each validity."""

    certification = models.ForeignKey(Certification, on_delete=models.CASCADE, related_name="points_rules")
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(
        Assessment, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name="exam"
    )
    points = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(course__isnull=False, assessment=None) | Q(course=None, assessment__isnull=False),
                name="certifications_points_for_one_thing",
            ),
            models.CheckConstraint(condition=Q(points__gte=1), name="certifications_points_are_some"),
            models.UniqueConstraint(
                fields=["certification", "course"],
                condition=Q(course__isnull=False),
                name="certifications_course_gives_points_once",
            ),
            models.UniqueConstraint(
                fields=["certification", "assessment"],
                condition=Q(assessment__isnull=False),
                name="certifications_exam_gives_points_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course or self.assessment}: {self.points}"
