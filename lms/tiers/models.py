"""Programmes as versioned documents, and the log of decisions they led to."""

from datetime import datetime
from typing import TYPE_CHECKING, Optional

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from lms.common.models import PublicIdModel
from lms.partners.models import Partner, TierName
from lms.tiers.approval_models import Approver as Approver
from lms.tiers.approval_models import DraftOpinion as DraftOpinion
from lms.tiers.approval_models import ProgrammeDraft as ProgrammeDraft
from lms.tiers.fact_models import EvidenceDocument as EvidenceDocument
from lms.tiers.fact_models import ImportedMetric as ImportedMetric
from lms.tiers.people_models import Appeal as Appeal
from lms.tiers.people_models import TierAct as TierAct

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class Programme(models.Model):
    """A partner programme, e.g. "Halden Partners". Its rules live in versions."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=150)

    def __str__(self) -> str:
        return self.name


class ProgrammeVersionQuerySet(models.QuerySet["ProgrammeVersion"]):
    def in_force(self, at: datetime) -> Optional["ProgrammeVersion"]:
        """The version whose effective date has come most recently, or None."""
        return self.filter(effective_at__lte=at).order_by("-effective_at", "-number").first()


class ProgrammeVersion(models.Model):
    """Rules as data, in the format of docs/programmes.md. Never changed after publishing; a change is a new number."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    effective_at = models.DateTimeField()
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ProgrammeVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="tiers_programme_version_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.programme} v{self.number}"


class DecisionQuerySet(models.QuerySet["Decision"]):
    def visible_to(self, user: "User | AnonymousUser") -> "DecisionQuerySet":
        """Those of the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))

    def newest(self) -> "DecisionQuerySet":
        """Of each partner the decision that stands."""
        later = Decision.objects.filter(partner=OuterRef("partner"), number__gt=OuterRef("number"))
        return self.filter(~Exists(later))

    def with_acts(self) -> "DecisionQuerySet":
        """With what people had decided as `acts`, and without the other inputs: their statement ids are many."""
        return self.annotate(acts=F("inputs__acts")).defer("inputs")

    def for_verification(self) -> "DecisionQuerySet":
        """With all that the digest is made over."""
        return self.select_related("partner", "version__programme", "tier", "previous_tier")


class Decision(PublicIdModel):
    """A partner's tier was evaluated and changed, or its evidence did. Frozen: rule version, inputs, result, hash.

    Appended only when the result differs from the partner's newest decision, so a replayed event adds nothing.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="decisions")
    number = models.PositiveIntegerField(help_text="1, 2, … per partner")
    version = models.ForeignKey(ProgrammeVersion, on_delete=models.PROTECT, related_name="decisions")
    tier = models.ForeignKey(TierName, on_delete=models.PROTECT, related_name="+")
    previous_tier = models.ForeignKey(TierName, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    inputs = models.JSONField(help_text="Facts with source, as-of and statement ids")
    result = models.JSONField(help_text="The evaluation: per tier, per requirement, have and need, people assigned")
    digest = models.CharField(max_length=64, help_text="SHA-256 over version, inputs and result in canonical JSON")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "number"], name="tiers_decision_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.tier} on {self.decided_at:%Y-%m-%d}"


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AlarmQuerySet":
        """Those of the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))


class Alarm(PublicIdModel):
    """It was said, so many days ahead, that a tier will be lost on a day. Frozen; each is said once.

    `detail` holds the requirements that will fail and what ends: person (public id), credential, its last day.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="tier_alarms")
    lost_on = models.DateField(help_text="The first day without the tier")
    tier = models.ForeignKey(TierName, on_delete=models.PROTECT, related_name="+", help_text="That will be lost")
    tier_after = models.CharField(max_length=100)
    days_ahead = models.PositiveSmallIntegerField(help_text="180, 90 or 30")
    raised_at = models.DateTimeField()
    detail = models.JSONField()

    objects = AlarmQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "lost_on", "tier", "days_ahead"], name="tiers_alarm_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.tier} until {self.lost_on}"
