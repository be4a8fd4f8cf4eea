"""Projections of trusted statements. Every row can be dropped and rebuilt from the statements to the same value."""

from django.conf import settings
from django.db import models


class CourseRecord(models.Model):
    """One registration of one person in one activity (a course), as the trusted statements tell it.

    Completion rate = rows with `completed_at` in the window ÷ rows with `registered_at` up to the window's end that
    were not withdrawn before it; see `lms.reporting.services`.
    """

    registration = models.UUIDField(unique=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    partner_public_id = models.UUIDField(null=True, db_index=True)
    persona = models.CharField(max_length=50, blank=True)
    activity_iri = models.CharField(max_length=250, db_index=True)
    activity_name = models.CharField(max_length=250, blank=True)
    registered_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    registered_statement = models.UUIDField(null=True)
    completed_statement = models.UUIDField(null=True)
    withdrawn_statement = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=["partner_public_id", "registered_at"], name="reporting_by_partner")]

    def __str__(self) -> str:
        return f"{self.activity_name}: {self.registration}"
