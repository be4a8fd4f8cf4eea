"""What partners' people did and when, projected from trusted statements; and who wants reports by letter."""

from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.common.models import PublicIdModel
from lms.partners.models import Partner

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

EVERYBODY = UUID(int=0)  # in place of a partner: all partners together


class Cursor(models.Model):
    """How far a projection has read the statements: all rows up to `passed` are in it, none beyond.

    Whoever projects or rebuilds locks this row first, so there is one at a time.
    """

    name = models.SlugField(unique=True)
    passed = models.BigIntegerField(default=0, help_text="Highest statement row that is projected")
    stored_through = models.DateTimeField(null=True, help_text="When the newest statement projected was stored")

    def __str__(self) -> str:
        return f"{self.name}: {self.passed}"


class ContentDay(models.Model):
    """In which slots of a day (see `lms.reporting.activity`) one person did something with one thing for a partner.

    `key` is a digest of all but `marks`. `version` is what the statements' context calls the revision.
    """

    key = models.UUIDField(unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    partner_public_id = models.UUIDField()
    persona = models.CharField(max_length=50, blank=True)
    activity_key = models.UUIDField()
    version = models.CharField(max_length=50, blank=True)
    day = models.DateField()
    marks = models.BinaryField(max_length=36)

    class Meta:
        indexes = [models.Index(fields=["partner_public_id", "day"], name="reporting_day_by_partner")]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.day}"


class ContentItem(models.Model):
    """What a thing that was used is called, by the newest statement about it."""

    activity_key = models.UUIDField(primary_key=True)
    iri = models.CharField(max_length=250)
    name = models.CharField(max_length=250, blank=True)
    kind = models.CharField(max_length=50, blank=True, help_text="Last part of the activity type, such as video")
    named_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name or self.iri


class LessonRecord(models.Model):
    """A lesson was completed within a registration, first at `done_at`."""

    registration = models.UUIDField()
    lesson_iri = models.CharField(max_length=250)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    done_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["registration", "lesson_iri"], name="reporting_lesson_once"),
        ]

    def __str__(self) -> str:
        return f"{self.lesson_iri}: {self.registration}"


class PartnerPeriod(models.Model):
    """A partner's activity in one week or month: sums over its ContentDays. `is_stale` until they are added up anew."""

    class Unit(models.TextChoices):
        WEEK = "week", "Week"
        MONTH = "month", "Month"

    partner_public_id = models.UUIDField()
    unit = models.CharField(max_length=5, choices=Unit)
    start = models.DateField(help_text="Monday, or first of the month")
    people = models.PositiveIntegerField(default=0)
    person_days = models.PositiveIntegerField(default=0)
    visits = models.PositiveIntegerField(default=0)
    minutes = models.PositiveIntegerField(default=0)
    is_stale = models.BooleanField(default=False)

    FIGURES: ClassVar[tuple[str, ...]] = ("people", "person_days", "visits", "minutes")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner_public_id", "unit", "start"], name="reporting_period_once"),
        ]
        indexes = [
            models.Index(fields=["unit", "start"], name="reporting_period_by_start"),
            models.Index(fields=["start"], condition=Q(is_stale=True), name="reporting_period_stale"),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.start}"


class ContentMonth(models.Model):
    """How one thing in one version was used in a month by one persona of a partner, or of all (`EVERYBODY`)."""

    partner_public_id = models.UUIDField()
    month = models.DateField()
    activity_key = models.UUIDField()
    version = models.CharField(max_length=50, blank=True)
    persona = models.CharField(max_length=50, blank=True)
    people = models.PositiveIntegerField()
    visits = models.PositiveIntegerField()
    minutes = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner_public_id", "month", "activity_key", "version", "persona"],
                name="reporting_content_month_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity_key} in {self.month}"


class ReportLetterQuerySet(models.QuerySet["ReportLetter"]):
    def visible_to(self, user: "User | AnonymousUser") -> "ReportLetterQuerySet":
        """One's own."""
        return self.filter(person_id=user.pk) if user.is_authenticated else self.none()

    def wanted(self) -> "ReportLetterQuerySet":
        return self.filter(ended_at=None)


class ReportLetter(PublicIdModel):
    """A person wants a report by letter, every week or every month, until `ended_at`."""

    class Report(models.TextChoices):
        PARTNER = "partner", "Partner report"
        PORTFOLIO = "portfolio", "Portfolio report"
        OVERVIEW = "overview", "Programme overview"

    class Rhythm(models.TextChoices):
        WEEKLY = "weekly", "Every Monday"
        MONTHLY = "monthly", "On the first of a month"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="report_letters")
    report = models.CharField(max_length=10, choices=Report)
    partner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT, related_name="+")
    rhythm = models.CharField(max_length=8, choices=Rhythm)
    wanted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ReportLetterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "report", "partner"],
                condition=Q(ended_at=None),
                name="reporting_letter_once_of_partner",
            ),
            models.UniqueConstraint(
                fields=["person", "report"],
                condition=Q(ended_at=None, partner=None),
                name="reporting_letter_once",
            ),
            models.CheckConstraint(
                condition=Q(report="partner", partner__isnull=False) | (~Q(report="partner") & Q(partner=None)),
                name="reporting_letter_is_about",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_report_display()} to {self.person}"

    def is_wanted(self) -> bool:
        return self.ended_at is None


class SentReport(models.Model):
    """A letter for one period was handed to the outbox: once each."""

    letter = models.ForeignKey(ReportLetter, on_delete=models.CASCADE, related_name="sent")
    period = models.DateField(help_text="The Monday, or the first of the month, on which it was due")
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["letter", "period"], name="reporting_letter_sent_once")]

    def __str__(self) -> str:
        return f"{self.letter_id} for {self.period}"
