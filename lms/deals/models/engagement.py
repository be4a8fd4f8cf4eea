"""Rules of engagement in versions, who accepted them, and the customers the vendor works with himself."""

from datetime import date, datetime
from functools import cached_property
from typing import Optional

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from lms.common.models import PublicIdModel
from lms.deals import engagement
from lms.partners.models import Partner


class EngagementRulesQuerySet(models.QuerySet["EngagementRules"]):
    def standing(self) -> "EngagementRulesQuerySet":
        """Those that were not withdrawn before they took effect."""
        return self.filter(withdrawal=None)

    def in_force(self, at: datetime) -> Optional["EngagementRules"]:
        """The version whose effective date has come most recently, or None."""
        return self.standing().filter(effective_at__lte=at).order_by("-effective_at", "-number").first()

    def upcoming(self, at: datetime) -> "EngagementRulesQuerySet":
        """Published, and not in force yet; the next one first."""
        return self.standing().filter(effective_at__gt=at).order_by("number")


class EngagementRules(models.Model):
    """One version of the rules, in the format of docs/deals.md. Never changed: a trigger sees to it."""

    number = models.PositiveIntegerField(unique=True)
    document = models.JSONField()
    text = models.TextField(blank=True, db_default="", help_text="As it was written, with comments; empty if unknown")
    why = models.CharField(max_length=1000, blank=True, db_default="", help_text="For partners too")
    effective_at = models.DateTimeField()
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = EngagementRulesQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(published_at__isnull=False) | Q(published_by=None), name="deals_rules_published_by_when"
            ),
        ]

    def __str__(self) -> str:
        return f"Rules of engagement, version {self.number}"

    @cached_property
    def rules(self) -> engagement.Rules:
        """The document, read. It was checked when it was published."""
        return engagement.parse(self.document)


class RulesWithdrawal(models.Model):
    """A published version was withdrawn before it took effect: who, when and why. Never changed."""

    version = models.OneToOneField(EngagementRules, on_delete=models.PROTECT, related_name="withdrawal")
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="deals_rules_withdrawn_for_a_reason")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.reason}"


class Acceptance(models.Model):
    """A partner's manager accepted a version for the partner. Never changed."""

    version = models.ForeignKey(EngagementRules, on_delete=models.PROTECT, related_name="acceptances")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="deal_acceptances")
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "partner"], name="deals_version_accepted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: version {self.version_id}"


class VendorAccountQuerySet(models.QuerySet["VendorAccount"]):
    def of_customer(self, *, name_key: str, country: str, domain_key: str) -> "VendorAccountQuerySet":
        """Those that are the same customer by name and country, or by domain."""
        same = Q(name_key=name_key, country=country)
        return self.filter(same | Q(domain_key=domain_key) if domain_key else same)


class VendorAccount(PublicIdModel):
    """A customer the vendor works with himself: a lead, a customer, or one that was lost on a day.

    `seller` is the vendor's person with quota in it: he decides no registration of this customer.
    """

    class Relation(models.TextChoices):
        LEAD = "lead", "Open lead"
        ACCOUNT = "account", "Customer"
        LOST = "lost", "Lost"

    name = models.CharField(max_length=150)
    domain = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    name_key = models.CharField(max_length=200, editable=False)
    domain_key = models.CharField(max_length=200, blank=True, editable=False)
    relation = models.CharField(max_length=10, choices=Relation)
    since_on = models.DateField()
    lost_on = models.DateField(null=True, blank=True)
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = VendorAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name_key", "country"], name="deals_vendor_account_once"),
            models.CheckConstraint(
                condition=Q(relation="lost", lost_on__gte=F("since_on")) | (~Q(relation="lost") & Q(lost_on=None)),
                name="deals_vendor_account_lost_when",
            ),
            models.CheckConstraint(condition=~Q(name_key=""), name="deals_vendor_account_has_key"),
        ]
        indexes = [
            models.Index(fields=["domain_key"], condition=~Q(domain_key=""), name="deals_vendor_account_domain"),
        ]

    def __str__(self) -> str:
        return self.name

    def lost_days(self, on: date) -> int | None:
        """Whole days since the customer was lost."""
        return None if self.lost_on is None else (on - self.lost_on).days
