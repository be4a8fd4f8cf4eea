"""What people looked for in vain, and what was decided about what they use."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.assets.models.library import Asset


class MissedSearchQuerySet(models.QuerySet["MissedSearch"]):
    def open(self) -> "MissedSearchQuerySet":
        return self.filter(Q(answered_at=None) | Q(last_at__gt=F("answered_at")))

    def answered(self) -> "MissedSearchQuerySet":
        return self.filter(last_at__lte=F("answered_at"))


class MissedSearch(models.Model):
    """Words, normalised, for which somebody found nothing: a wish for content. Who asked is in `askers`.

    It is answered by naming the asset that answers it; asked in vain again afterwards, it is open again, and the answer
    stands beside it.
    """

    words = models.CharField(max_length=100, unique=True)
    last_at = models.DateTimeField()
    answer = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
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
        ]

    def __str__(self) -> str:
        return self.words


class MissedSearchAsker(models.Model):
    """A person searched for these words in vain. He counts once; the row goes when he does."""

    search = models.ForeignKey(MissedSearch, on_delete=models.CASCADE, related_name="askers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

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
