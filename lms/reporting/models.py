"""Projections of trusted statements. Every row can be dropped and rebuilt from the statements to the same value."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.reporting.usage_models import EVERYBODY as EVERYBODY
from lms.reporting.usage_models import ContentDay as ContentDay
from lms.reporting.usage_models import ContentItem as ContentItem
from lms.reporting.usage_models import ContentMonth as ContentMonth
from lms.reporting.usage_models import Cursor as Cursor
from lms.reporting.usage_models import LessonRecord as LessonRecord
from lms.reporting.usage_models import PartnerPeriod as PartnerPeriod
from lms.reporting.usage_models import ReportLetter as ReportLetter
from lms.reporting.usage_models import SentReport as SentReport


class CourseRecordQuerySet(models.QuerySet["CourseRecord"]):
    def of(
        self, *, partner_id: UUID | None = None, course_iri: str | None = None, persona: str | None = None
    ) -> "CourseRecordQuerySet":
        """Narrowed to a partner (public id), a course and a persona (slug), where given."""
        given = {"partner_public_id": partner_id, "activity_iri": course_iri, "persona": persona}
        return self.filter(**{name: value for name, value in given.items() if value is not None})

    def standing(self, since: datetime, until: datetime) -> "CourseRecordQuerySet":
        """Registered in [since, until) and not withdrawn before `until`: the denominator of a completion rate."""
        return self.filter(self.standing_condition(since, until))

    @staticmethod
    def standing_condition(since: datetime, until: datetime) -> Q:
        registered = Q(registered_at__gte=since, registered_at__lt=until)
        return registered & (Q(withdrawn_at=None) | Q(withdrawn_at__gte=until))


class CourseRecord(models.Model):
    """One registration of one person in one activity (a course), as the trusted statements tell it.

    What makes a row is said in `lms.reporting.projection`, what a rate counts in `lms.reporting.services`.
    """

    registration = models.UUIDField(unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    partner_public_id = models.UUIDField(null=True)
    persona = models.CharField(max_length=50, blank=True)
    activity_iri = models.CharField(max_length=250, db_index=True)
    activity_name = models.CharField(max_length=250, blank=True)
    registered_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    registered_statement = models.UUIDField(null=True)
    completed_statement = models.UUIDField(null=True)
    withdrawn_statement = models.UUIDField(null=True)
    stored_through = models.DateTimeField(help_text="When the newest statement looked at was stored", db_index=True)

    objects = CourseRecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{fact}_at": None, f"{fact}_statement": None})
                | Q(**{f"{fact}_at__isnull": False, f"{fact}_statement__isnull": False}),
                name=f"reporting_{fact}_has_statement",
            )
            for fact in ("registered", "completed", "withdrawn")
        ]
        indexes = [models.Index(fields=["partner_public_id", "registered_at"], name="reporting_by_partner")]

    def __str__(self) -> str:
        return f"{self.activity_name}: {self.registration}"
