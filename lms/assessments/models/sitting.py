"""Around an attempt: what a person needs, what happened in it, what was drawn ahead, papers that lie on the desk."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from lms.assessments.models.exams import Assessment, Attempt
from lms.common.models import PublicIdModel


class AccommodationQuerySet(models.QuerySet["Accommodation"]):
    def in_force(self, assessment: Assessment, person_id: int) -> "AccommodationQuerySet":
        """What a person was granted for an exam, the grant for this exam first."""
        found = self.filter(Q(assessment=assessment) | Q(assessment=None), person=person_id, ended_at=None)
        return found.order_by(F("assessment").asc(nulls_last=True))


class Accommodation(models.Model):
    """What one person needs to sit exams fairly. The grant for one exam goes before the one for all. Never deleted."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accommodations")
    assessment = models.ForeignKey(
        Assessment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accommodations",
        verbose_name="exam",
        help_text="Empty: for every exam",
    )
    extra_percent = models.PositiveSmallIntegerField(
        default=0,
        verbose_name="extra time",
        help_text="Percent of the time limit; the exam stays open for it",
        validators=[MaxValueValidator(300)],
    )
    break_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="Breaks that stop the clock, in all", validators=[MaxValueValidator(240)]
    )
    is_large = models.BooleanField(default=False, verbose_name="larger letters")
    reason = models.CharField(max_length=300, blank=True, help_text="Seen by those who manage exams only")
    granted_at = models.DateTimeField(editable=False)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, null=True
    )
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AccommodationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "assessment"], condition=Q(ended_at=None), name="assessments_one_accommodation"
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(ended_at=None, assessment=None),
                name="assessments_one_general_accommodation",
            ),
            models.CheckConstraint(condition=Q(extra_percent__lte=300), name="assessments_extra_time_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.assessment or 'every exam'}"


class AttemptEvent(models.Model):
    """Something that happened in an attempt, for a person to look at. Never a verdict, never changed.

    `signature` is an HMAC over the event and the signature before it: a row changed, put in or taken out shows.
    """

    class Kind(models.TextChoices):
        STARTED = "started", "Started"
        FOCUS_LOST = "focus_lost", "Left the page"
        FOCUS_BACK = "focus_back", "Came back to the page"
        PASTE = "paste", "Pasted text"
        COPY = "copy", "Copied from the page"
        OFFLINE = "offline", "Lost the connection"
        RECONNECTED = "reconnected", "Connected again"
        SECOND_TAB = "second_tab", "Opened the exam in another tab"
        NETWORK_CHANGED = "network_changed", "Came from another network"
        AGENT_CHANGED = "agent_changed", "Used another browser"
        LATE_ANSWER = "late_answer", "Answer taken after the deadline"
        BREAK_STARTED = "break_started", "Took a break"
        BREAK_ENDED = "break_ended", "Came back from a break"
        SECTION_FINISHED = "section_finished", "Finished a section"
        HANDED_IN = "handed_in", "Handed in"
        CLOSED = "closed", "Handed in when the time was up"

    BY_BROWSER = (
        Kind.FOCUS_LOST,
        Kind.FOCUS_BACK,
        Kind.PASTE,
        Kind.COPY,
        Kind.OFFLINE,
        Kind.RECONNECTED,
        Kind.SECOND_TAB,
    )

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField(help_text="By the server's clock, when it was told")
    detail = models.JSONField(default=dict, blank=True)
    signature = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attempt", "number"], name="assessments_event_number_once")]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.number} {self.kind}"


class AccessCodeFailure(models.Model):
    """A wrong access code: the limit is counted from these, and old ones are forgotten."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    failed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "assessment", "failed_at"], name="assessments_code_failures")]

    def __str__(self) -> str:
        return f"{self.assessment_id}/{self.person_id} {self.failed_at:%H:%M:%S}"


class PreparedForm(models.Model):
    """A form drawn before the exam opens. Belongs to nobody until an attempt takes it, once."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="prepared")
    form = models.ForeignKey(
        "assessments.Form", null=True, blank=True, on_delete=models.CASCADE, related_name="prepared"
    )
    drawn = models.JSONField(help_text="A list of {version, section, max_points, is_pilot, shown}")
    made_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["assessment"], condition=Q(taken_at=None), name="assessments_prepared_forms"),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id}/{self.pk}"


class ReferenceDocument(PublicIdModel):
    """A paper that lies on the desk during an exam: a data sheet, a table of formulas. PDF or picture."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=150)
    file = models.FileField(upload_to="exam-documents/%Y/")
    extension = models.CharField(max_length=4)

    def __str__(self) -> str:
        return self.title
