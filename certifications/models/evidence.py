"""What people handed in, and what gives continuing points."""

from datetime import UTC, date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import TruncDate

from certifications.models.certifications import Certification, PracticeTask
from courses.models import Course
from lms.assessments.models import Assessment
from lms.common.models import PublicIdModel
from lms.partners.models import Membership, MembershipQuerySet, today

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
        """One's own; for those who review, also what is nobody's they work with. It tells of customers: no manager of
        a partner, and no colleague, sees it."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("certifications.review_practice"):
            return self._dated().filter(Q(person=user) | ~_of_a_colleague(user))
        return self.filter(person=user)

    def independent_of(self, user: "User") -> "SubmissionQuerySet":
        """What `user` may judge without being partial: neither his own nor that of a colleague, of any partner, today
        or on the day it was handed in (UTC)."""
        return self._dated().exclude(person=user).filter(~_of_a_colleague(user))

    def same_as(self, other: "Submission") -> "SubmissionQuerySet":
        """Those of which the constraints allow one: what waits for the same task, or what was not returned of the same
        thing on the same day."""
        if other.task_id is not None:
            return self.waiting().filter(task=other.task_id, person=other.person_id)
        same = self.filter(certification=other.certification_id, title=other.title, happened_on=other.happened_on)
        return same.filter(Q(is_accepted=None) | Q(is_accepted=True), person=other.person_id)

    def _dated(self) -> "SubmissionQuerySet":
        return self.alias(handed_in_on=TruncDate("submitted_at", tzinfo=UTC))


def _of_a_colleague(user: "User") -> Exists:
    """Needs the alias `handed_in_on`. The membership something was handed in for counts whatever its dates say now."""
    own = _held_on(OuterRef(OuterRef("handed_in_on"))).filter(person=user)
    his = _held_on(OuterRef("handed_in_on")).filter(person=OuterRef("person"))
    his = his | Membership.objects.filter(pk=OuterRef("membership"))
    return Exists(his.filter(partner__in=own.values("partner")))


def _held_on(day: OuterRef) -> MembershipQuerySet:
    """Memberships that hold today, or held on the day."""
    return Membership.objects.active(today()) | Membership.objects.active(day)


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
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("person")), name="certifications_judged_by_another"
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
