"""Answers that people mark: the files handed in, and who gave which marks."""

from typing import TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.assessments.models.exams import Response
from lms.common.models import PublicIdModel


class AnswerFile(PublicIdModel):
    """A file that is, or was, the answer to one question of an attempt. The answer names it by its public id.

    Only the candidate and who marks it get it. `name` is what the candidate called it: never shown to who marks.
    """

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="files")
    file = models.FileField(upload_to="answers/%Y/")
    name = models.CharField(max_length=150)
    extension = models.CharField(max_length=5)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes")
    uploaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.response_id}: {self.name}"


class CriterionMark(TypedDict):
    """What one person gave for one criterion of the rubric: points as text, and words for the candidate."""

    criterion: str
    points: str
    comment: str


class MarkQuerySet(models.QuerySet["Mark"]):
    def given(self) -> "MarkQuerySet":
        return self.filter(marked_at__isnull=False)

    def taken(self) -> "MarkQuerySet":
        """Answers that somebody took and has not marked yet."""
        return self.filter(marked_at=None)


class Mark(models.Model):
    """One person's marking of one answer: taken first, so that nobody reads it for nothing, then given, once.

    Places 1 and 2 are two people who know nothing of each other's marks; 3 decides where those two differ too much.
    What was given is never changed.
    """

    FIRST, SECOND, DECISION = 1, 2, 3

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="marks")
    place = models.PositiveSmallIntegerField()
    grader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    marked_at = models.DateTimeField(null=True, blank=True)
    scores = models.JSONField(default=list, blank=True, help_text="A list of {criterion, points, comment}")
    points = models.DecimalField(
        max_digits=7, decimal_places=2, null=True, blank=True, help_text="In the rubric's own points"
    )
    comment = models.TextField(blank=True)

    objects = MarkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "place"], name="assessments_mark_place_once"),
            models.UniqueConstraint(fields=["response", "grader"], name="assessments_mark_by_another"),
            models.CheckConstraint(condition=Q(place__gte=1, place__lte=3), name="assessments_mark_place"),
            models.CheckConstraint(
                condition=Q(marked_at=None, points=None) | Q(marked_at__isnull=False, points__gte=0),
                name="assessments_mark_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.response_id}: mark {self.place}"

    @property
    def is_decision(self) -> bool:
        return self.place == self.DECISION
