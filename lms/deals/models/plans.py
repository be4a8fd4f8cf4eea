"""Joint plans of the vendor and a partner: objectives, actions, reviews, and the log of what was done to them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.deals.money import shown
from lms.deals.plan_templates import Measure
from lms.partners.models import Partner

if TYPE_CHECKING:
    from decimal import Decimal

    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class Decision(models.TextChoices):
    """What a review comes to."""

    KEEP = "keep", "Go on as planned"
    CHANGE = "change", "Change the plan"
    END = "end", "End the plan here"


class JointPlanQuerySet(models.QuerySet["JointPlan"]):
    def visible_to(self, user: "User | AnonymousUser") -> "JointPlanQuerySet":
        """Those of the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))

    def meeting(self, starts_on: date, ends_on: date) -> "JointPlanQuerySet":
        """Those that were not ended and share a day with this period."""
        return self.filter(ended_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on)


class JointPlan(PublicIdModel):
    """What the vendor and one partner want to reach together from a day through a day. A partner has one at a time.

    `ended_at` is set when a review ended it before its last day; then nothing of it is changed any more.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="joint_plans")
    title = models.CharField(max_length=120)
    template = models.SlugField(max_length=50, help_text="What it began with")
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="The last day")
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.UUIDField(help_text="One per form that was sent: sent twice, it makes one plan")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = JointPlanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["started_by", "request_key"], name="deals_plan_request_once"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="deals_plan_ends_after_start"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="deals_plan_ended_by_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.partner})"

    def span(self) -> tuple[datetime, datetime]:
        """[since, until) of the period, UTC."""
        since = datetime.combine(self.starts_on, time.min, tzinfo=UTC)
        return since, datetime.combine(self.ends_on + timedelta(days=1), time.min, tzinfo=UTC)


class PlanObjective(PublicIdModel):
    """Something to reach. `target` is agreed, what is reached is never kept: it is computed when it is shown.

    One that was dropped stays, with who and when.
    """

    plan = models.ForeignKey(JointPlan, on_delete=models.CASCADE, related_name="objectives")
    title = models.CharField(max_length=150)
    measure = models.CharField(max_length=20, choices=Measure)
    target = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217, of a value")
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(measure="none", target=None)
                | (~Q(measure="none") & Q(target__isnull=False) & Q(target__gt=0)),
                name="deals_objective_measured_has_target",
            ),
            models.CheckConstraint(
                condition=(Q(measure="won_value") & ~Q(currency="")) | (~Q(measure="won_value") & Q(currency="")),
                name="deals_objective_value_of_what",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None) | Q(dropped_at__isnull=False, dropped_by__isnull=False),
                name="deals_objective_dropped_by_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def said(self, amount: "Decimal") -> str:
        """An amount of its measure in words: "5", "70%", "48,000 EUR"."""
        if self.currency:
            return shown(amount, self.currency)
        return f"{amount:.0f}%" if self.measure == Measure.COMPLETION else f"{amount:.0f}"


class PlanAction(PublicIdModel):
    """Something that one person, of either side, does by a day."""

    plan = models.ForeignKey(JointPlan, on_delete=models.CASCADE, related_name="actions")
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="deals_action_done_by_when",
            ),
            models.CheckConstraint(
                condition=Q(dropped_at=None, dropped_by=None) | Q(dropped_at__isnull=False, dropped_by__isnull=False),
                name="deals_action_dropped_by_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PlanReview(PublicIdModel):
    """A day on which both sides look at the plan; once it was held, with its note and decision, it is never changed.

    `reminded_at` is the one reminder, about the day it has now.
    """

    plan = models.ForeignKey(JointPlan, on_delete=models.CASCADE, related_name="reviews")
    due_on = models.DateField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "due_on"], name="deals_review_once_a_day"),
            models.CheckConstraint(
                condition=Q(held_at=None, held_by=None, decision="", note="")
                | (Q(held_at__isnull=False, held_by__isnull=False) & ~Q(decision="") & ~Q(note="")),
                name="deals_review_held_says_what",
            ),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(held_at=None), name="deals_review_to_hold")]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.due_on}"


class PlanEntry(models.Model):
    """What somebody did to a plan, in words. Never changed."""

    plan = models.ForeignKey(JointPlan, on_delete=models.CASCADE, related_name="entries")
    number = models.PositiveIntegerField(help_text="1, 2, … per plan")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(max_length=100)
    text = models.CharField(max_length=600, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="deals_plan_entry_number_once")]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.what}"
