"""What the vendor and a partner do together under a joint plan: events, campaigns, calls on the same customers."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.common.models import PublicIdModel
from lms.deals.models.plans import JointPlan


class ActivityKind(models.TextChoices):
    EVENT = "event", "Event"
    PROSPECTING = "prospecting", "Joint prospecting"
    CAMPAIGN = "campaign", "Campaign"
    VISIT = "visit", "Visit to a customer"
    WORKSHOP = "workshop", "Workshop"


class JointActivity(PublicIdModel):
    """Something both sides do on a day, with a person of each who answers for it. What it came to is said once, on the
    day or after it, and never changed then. One that was dropped stays, with who and when.
    """

    plan = models.ForeignKey(JointPlan, on_delete=models.CASCADE, related_name="activities")
    kind = models.CharField(max_length=12, choices=ActivityKind)
    title = models.CharField(max_length=150)
    held_on = models.DateField()
    our_owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    their_owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    customers = models.PositiveIntegerField(help_text="Invited, of those who buy already")
    prospects = models.PositiveIntegerField(help_text="Invited, of those who do not buy yet")
    result = models.CharField(max_length=500, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "kind", "title", "held_on"],
                condition=Q(dropped_at=None),
                name="deals_activity_once_a_day",
            ),
            models.CheckConstraint(
                condition=Q(told_at=None, told_by=None, result="")
                | (Q(told_at__isnull=False, told_by__isnull=False) & ~Q(result="")),
                name="deals_activity_told_by_when",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None) | Q(dropped_at__isnull=False, dropped_by__isnull=False),
                name="deals_activity_dropped_by_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def lacks_result(self, on: date) -> bool:
        """Whether its day is over and nobody said what came of it."""
        return self.told_at is None and self.dropped_at is None and self.held_on < on
