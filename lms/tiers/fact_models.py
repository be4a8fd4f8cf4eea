"""Facts about partners that come from outside: figures of other systems, and documents that a person judged."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.partners.models import Partner

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class ImportedMetricQuerySet(models.QuerySet["ImportedMetric"]):
    def counting(self, on: date) -> "ImportedMetricQuerySet":
        """Those known for the day `on`, in the order in which a later one takes the place of an earlier."""
        return self.filter(as_of__lte=on).order_by("as_of", "pk")


class ImportedMetric(PublicIdModel):
    """A figure of another system about a partner, as of a day. Never changed: a correction is another row.

    Of several the one of the newest day counts, of one day the one imported last. After `until` (its last day; None:
    open) it is not known any more.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="imported_metrics")
    name = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=19, decimal_places=6)
    as_of = models.DateField()
    until = models.DateField(null=True, blank=True, help_text="The last day on which it counts")
    source = models.CharField(max_length=150)
    imported_at = models.DateTimeField()
    imported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = ImportedMetricQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(source=""), name="tiers_metric_has_source"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("as_of")), name="tiers_metric_ends_after_its_day"
            ),
        ]
        indexes = [models.Index(fields=["partner", "name", "as_of"], name="tiers_metric_of_partner")]

    def __str__(self) -> str:
        return f"{self.name}: {self.partner}, {self.as_of}"


class EvidenceQuerySet(models.QuerySet["EvidenceDocument"]):
    def visible_to(self, user: "User | AnonymousUser") -> "EvidenceQuerySet":
        """Those of the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))

    def open(self) -> "EvidenceQuerySet":
        """Those that nobody has judged."""
        return self.filter(judged_at=None)

    def accepted(self) -> "EvidenceQuerySet":
        return self.filter(is_accepted=True)


class EvidenceDocument(PublicIdModel):
    """A document that a partner handed in (a case study, a reference, an insurance), and what the vendor said to it.

    Accepted, it counts from `since`, the day of the judgement, to its last day `until` (None: open). Somebody else than
    who handed it in judges, once.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="evidence_documents")
    kind = models.SlugField(max_length=60, help_text="As the programme names it")
    title = models.CharField(max_length=150)
    file = models.FileField(upload_to="evidence/%Y/")
    file_name = models.CharField(max_length=150)
    valid_until = models.DateField(null=True, blank=True, help_text="The document's own last day, as the partner says")
    handed_in_at = models.DateTimeField()
    handed_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_accepted = models.BooleanField(null=True, blank=True)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True, help_text="The last day on which it counts")
    judged_at = models.DateTimeField(null=True, blank=True)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=1000, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(title="") & ~Q(kind=""), name="tiers_evidence_has_title"),
            models.CheckConstraint(
                condition=Q(judged_at=None, judged_by=None, is_accepted=None, reason="", since=None, until=None)
                | (Q(judged_at__isnull=False, judged_by__isnull=False, is_accepted__isnull=False) & ~Q(reason="")),
                name="tiers_evidence_judged_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(is_accepted=True, since__isnull=False)
                | Q(is_accepted=False, since=None, until=None)
                | Q(is_accepted=None),
                name="tiers_accepted_evidence_counts_from",
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="tiers_evidence_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(judged_by=None) | ~Q(judged_by=F("handed_in_by")), name="tiers_evidence_judged_by_another"
            ),
        ]
        indexes = [models.Index(fields=["partner", "kind"], name="tiers_evidence_of_partner")]

    def __str__(self) -> str:
        return f"{self.title} ({self.partner})"
