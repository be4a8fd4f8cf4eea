"""What people decide about tiers: invitations, cure plans, appeals. Facts with who, when and why; nothing is erased."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.partners.models import Partner, TierName

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class ActQuerySet(models.QuerySet["TierAct"]):
    def visible_to(self, user: "User | AnonymousUser") -> "ActQuerySet":
        """Those on the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))

    def active(self, on: date) -> "ActQuerySet":
        """Those that hold on the day: not ended before, and not past their last day."""
        return self.filter(Q(until=None) | Q(until__gte=on), starts_on__lte=on, ended_at=None)


class TierAct(PublicIdModel):
    """A person decided something about a partner's tier, from a day to a last day (None: open), and said why.

    - invitation: the partner may hold a tier that is by invitation only, once its requirements are met;
    - plan: a cure plan, during which the tier is kept though its requirements are not met; `steps` are what was agreed,
      each `{"what", "due_on", "done_on"}`;
    - ending: a tier that is only kept ends now.
    """

    class Kind(models.TextChoices):
        INVITATION = "invitation", "Invitation"
        PLAN = "plan", "Cure plan"
        ENDING = "ending", "End of a kept tier"

    kind = models.CharField(max_length=10, choices=Kind)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="tier_acts")
    tier = models.ForeignKey(TierName, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    until = models.DateField(null=True, blank=True, help_text="The last day")
    steps = models.JSONField(default=list, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField(max_length=1000, blank=True)

    objects = ActQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "tier", "kind"],
                condition=Q(ended_at=None, kind__in=["invitation", "plan"]),
                name="tiers_one_open_act",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="tiers_act_has_reason"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("starts_on")), name="tiers_act_ends_after_start"
            ),
            models.CheckConstraint(condition=~Q(kind="plan") | Q(until__isnull=False), name="tiers_plan_has_last_day"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason="")),
                name="tiers_act_end_has_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.partner}, {self.tier}"


class AppealQuerySet(models.QuerySet["Appeal"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AppealQuerySet":
        """Those on the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))

    def open(self) -> "AppealQuerySet":
        return self.filter(ruled_at=None)


class Appeal(PublicIdModel):
    """A partner objects to a decision, with its reasons and a file; somebody else than who decided first rules on it.

    Upheld: the partner holds `tier` until the day `until`, whatever its requirements say. `ruling` says why.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="tier_appeals")
    decision = models.ForeignKey("tiers.Decision", on_delete=models.PROTECT, related_name="appeals")
    tier = models.ForeignKey(TierName, on_delete=models.PROTECT, related_name="+", help_text="That is asked for")
    text = models.TextField(max_length=5000)
    evidence = models.FileField(upload_to="appeals/%Y/", blank=True)
    evidence_name = models.CharField(max_length=150, blank=True)
    raised_at = models.DateTimeField()
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_upheld = models.BooleanField(null=True, blank=True)
    ruled_at = models.DateTimeField(null=True, blank=True)
    ruled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ruling = models.TextField(max_length=5000, blank=True)
    until = models.DateField(null=True, blank=True, help_text="The last day on which the tier is held by it")

    objects = AppealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], condition=Q(ruled_at=None), name="tiers_one_open_appeal_of_decision"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="tiers_appeal_has_text"),
            models.CheckConstraint(
                condition=Q(ruled_at=None, ruled_by=None, is_upheld=None, ruling="", until=None)
                | (Q(ruled_at__isnull=False, ruled_by__isnull=False, is_upheld__isnull=False) & ~Q(ruling="")),
                name="tiers_appeal_ruled_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(is_upheld=True, until__isnull=False)
                | Q(is_upheld=False, until=None)
                | Q(is_upheld=None, until=None),
                name="tiers_upheld_has_last_day",
            ),
            models.CheckConstraint(
                condition=Q(ruled_by=None) | ~Q(ruled_by=F("raised_by")), name="tiers_appeal_ruled_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"Appeal against {self.decision}"
