"""What people looked for in vain, and what was decided about what they use."""

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q

from lms.assets.models.library import Asset


class MissedSearchQuerySet(models.QuerySet["MissedSearch"]):
    def open(self) -> "MissedSearchQuerySet":
        return self.exclude(self._is_answered())

    def answered(self) -> "MissedSearchQuerySet":
        return self.filter(self._is_answered())

    def with_people(self) -> "MissedSearchQuerySet":
        """With `people`, who looked for it in vain, and `people_since`, who did after it was answered; the most wanted
        first."""
        since = Q(askers__last_at__gt=F("answered_at"))
        counted = self.annotate(people=Count("askers"), people_since=Count("askers", filter=since))
        return counted.order_by("-people", "-last_at", "pk")

    @staticmethod
    def _is_answered() -> Q:
        stands = Q(reopened_at=None) | Q(reopened_at__lt=F("answered_at"))
        return Q(answered_at__isnull=False, last_at__lte=F("answered_at")) & stands


class MissedSearch(models.Model):
    """Words, normalised, for which somebody found nothing: a wish for content. Who asked is in `askers`.

    It is answered by naming the asset that answers it; asked in vain again afterwards, or opened again by somebody who
    keeps assets, it is open again, and the answer stands beside it.
    """

    words = models.CharField(max_length=100, unique=True)
    last_at = models.DateTimeField()
    answer = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = MissedSearchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answer=None, answered_at=None, answered_by=None)
                | Q(answer__isnull=False, answered_at__isnull=False, answered_by__isnull=False),
                name="assets_miss_answered_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(reopened_at=None, reopened_by=None)
                | Q(reopened_at__isnull=False, reopened_by__isnull=False, answered_at__isnull=False),
                name="assets_miss_reopened_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return self.words


class MissedSearchAsker(models.Model):
    """A person searched for these words in vain. He counts once; the row goes when he does. `last_at` is missing in
    rows that are older than this field.
    """

    search = models.ForeignKey(MissedSearch, on_delete=models.CASCADE, related_name="askers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    last_at = models.DateTimeField(null=True, help_text="When he last did")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "person"], name="assets_miss_asker_once")]

    def __str__(self) -> str:
        return f"{self.search_id}"


class Verdict(models.Model):
    """Somebody decided to keep, improve or retire an asset (R58). `evidence` is what he saw then; never changed."""

    class Choice(models.TextChoices):
        KEEP = "keep", "Keep"
        IMPROVE = "improve", "Improve"
        RETIRE = "retire", "Retire"

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="verdicts")
    choice = models.CharField(max_length=10, choices=Choice)
    reason = models.CharField(max_length=300)
    evidence = models.JSONField()
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.asset}: {self.choice}"
