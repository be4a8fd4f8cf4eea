"""Customers of a partner and of the vendor compared with the consent of both, until a day."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.partners.models import Membership, Partner, today

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class OverlapComparisonQuerySet(models.QuerySet["OverlapComparison"]):
    def visible_to(self, user: "User | AnonymousUser") -> "OverlapComparisonQuerySet":
        """All for the vendor's channel roles, a partner's own for its managers."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        managed = Membership.objects.active(today()).managers().filter(person=user, partner__suspended_at=None)
        return self.filter(partner__in=managed.values("partner"))

    def waiting(self, on: date) -> "OverlapComparisonQuerySet":
        """Those that the vendor has still to answer."""
        return self.filter(agreed_at=None, ended_at=None, ends_on__gte=on)


class OverlapComparison(PublicIdModel):
    """A partner's list of customers, to be compared with the vendor's once, for a purpose, through a day.

    The list itself is never kept: until the vendor agrees there are keyed hashes of its domains, afterwards the domains
    that both have and nothing else. When either side takes its consent back, or the day is over, hashes, domains and
    the key are deleted; this row stays as the record of who agreed to what.
    """

    class Ending(models.TextChoices):
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Taken back"
        OVER = "over", "Over"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="overlaps")
    purpose = models.CharField(max_length=300)
    ends_on = models.DateField(help_text="The last day")
    size = models.PositiveIntegerField(help_text="Domains in the partner's list")
    sealed_key = models.TextField(blank=True, help_text="The key of the hashes; readable with this site's secret only")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ending = models.CharField(max_length=10, choices=Ending, blank=True)

    objects = OverlapComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner"], condition=Q(ended_at=None), name="deals_one_overlap"),
            models.CheckConstraint(
                condition=Q(agreed_at=None, agreed_by=None) | Q(agreed_at__isnull=False, agreed_by__isnull=False),
                name="deals_overlap_agreed_by_when",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, ending="")
                | Q(ended_at__isnull=False, ended_by=None, ending="over", sealed_key="")
                | Q(
                    ended_at__gte=F("asked_at"),
                    ended_by__isnull=False,
                    ending__in=["declined", "withdrawn"],
                    sealed_key="",
                ),
                name="deals_overlap_ended_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.purpose}"

    def is_open(self, on: date) -> bool:
        """Neither ended by somebody nor past its last day."""
        return self.ended_at is None and self.ends_on >= on


class OverlapHash(models.Model):
    """A domain of the partner's list as HMAC-SHA256 under the comparison's key; gone once the vendor has agreed."""

    comparison = models.ForeignKey(OverlapComparison, on_delete=models.CASCADE, related_name="hashes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "digest"], name="deals_overlap_hash_once")]

    def __str__(self) -> str:
        return self.digest[:8]


class OverlapMatch(models.Model):
    """A registered domain that stood in both lists."""

    comparison = models.ForeignKey(OverlapComparison, on_delete=models.CASCADE, related_name="matches")
    domain = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "domain"], name="deals_overlap_match_once")]

    def __str__(self) -> str:
        return self.domain
