"""Scored attempts scored again because an item was wrong: what, why, by whom, and what it changed."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.assessments.models.bank import Item, ItemVersion
from lms.assessments.models.exams import Assessment, Attempt, figure
from lms.common.models import PublicIdModel


class Regrade(PublicIdModel):
    """A decision on one item in one exam. Looked at first (a dry run), then ordered; a worker does it attempt by
    attempt. What it did never changes: a mistake is answered by another regrade."""

    class Action(models.TextChoices):
        REKEY = "rekey", "Score it by the key of another version"
        DROP = "drop", "Drop it: it counts for nobody"
        CREDIT = "credit", "Give everybody full points"

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="regrades")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="regrades")
    action = models.CharField(max_length=10, choices=Action)
    key_version = models.ForeignKey(
        ItemVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Whose key counts"
    )
    reason = models.CharField(max_length=300)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    total = models.PositiveIntegerField(help_text="Attempts to look at when it was ordered")
    done = models.PositiveIntegerField(default=0)
    last_attempt = models.PositiveBigIntegerField(default=0, help_text="How far it came: attempts go by their id")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(action="rekey", key_version__isnull=False) | (~Q(action="rekey") & Q(key_version=None)),
                name="assessments_rekey_has_key",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="assessments_regrade_has_reason"),
            models.UniqueConstraint(
                fields=["assessment"], condition=Q(finished_at=None), name="assessments_one_running_regrade"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.get_action_display()}"


class RegradeChange(models.Model):
    """What a regrade changed in one attempt: its points and whether it passed, before and after."""

    regrade = models.ForeignKey(Regrade, on_delete=models.PROTECT, related_name="changes")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="regrade_changes")
    points_before = models.DecimalField(max_digits=8, decimal_places=4)
    max_points_before = models.DecimalField(max_digits=8, decimal_places=4)
    passed_before = models.BooleanField()
    points_after = models.DecimalField(max_digits=8, decimal_places=4)
    max_points_after = models.DecimalField(max_digits=8, decimal_places=4)
    passed_after = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["regrade", "attempt"], name="assessments_regraded_once"),
            models.CheckConstraint(
                condition=~Q(
                    points_before=F("points_after"),
                    max_points_before=F("max_points_after"),
                    passed_before=F("passed_after"),
                ),
                name="assessments_regrade_changed_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.regrade_id}: {self.attempt_id}"

    @property
    def figure_before(self) -> str:
        return figure(self.points_before, self.max_points_before)

    @property
    def figure_after(self) -> str:
        return figure(self.points_after, self.max_points_after)
