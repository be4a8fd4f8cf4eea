"""How a cut score was set: by whom, rating what, in which rounds, with which result."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.assessments.models.bank import ItemVersion
from lms.assessments.models.exams import Assessment


class StandardSetting(models.Model):
    """One sitting of a panel by the modified Angoff method. Once adopted nothing of it changes: its last round made the
    cut score that the exam had from then on."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="standard_settings")
    held_on = models.DateField()
    definition = models.TextField(help_text="What a just competent candidate can do: what the panel agreed on")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cut_score = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    adopted_at = models.DateTimeField(null=True, blank=True)
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True, help_text="Why the cut differs from the panel's, if it does")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(adopted_at=None, adopted_by=None, cut_score=None)
                | Q(adopted_at__isnull=False, adopted_by__isnull=False, cut_score__isnull=False),
                name="assessments_standard_adopted_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment}, {self.held_on}"


class AngoffRating(models.Model):
    """How many of a hundred just competent candidates a judge expects to get an item right, in one round."""

    setting = models.ForeignKey(StandardSetting, on_delete=models.CASCADE, related_name="ratings")
    judge = models.CharField(max_length=150)
    round = models.PositiveSmallIntegerField()
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="+")
    percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["setting", "judge", "round", "item_version"], name="assessments_rating_once"
            ),
            models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name="assessments_rating_percent"),
            models.CheckConstraint(condition=Q(round__gte=1), name="assessments_rating_round"),
        ]

    def __str__(self) -> str:
        return f"{self.judge}, round {self.round}: {self.percent}"
