"""Sums over answers, by item version and by exam: what statistics are made of. All can be rebuilt from the attempts."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.assessments.models.bank import ItemVersion
from lms.assessments.models.exams import Assessment, Attempt
from lms.assessments.statistics.flags import Kind
from lms.assessments.statistics.sums import ExamSums, ItemSums


class Tally(models.Model):
    """What all tallies are by: an exam, one of its forms (nought: drawn for each attempt), the month in which the
    attempts were handed in (its first day, UTC), and whether they were their person's first ones."""

    form = models.PositiveSmallIntegerField(default=0, db_default=0)
    month = models.DateField()
    is_first = models.BooleanField()
    n = models.PositiveIntegerField(help_text="As in the sums: for queries")
    sums = models.JSONField()

    class Meta:
        abstract = True


class ItemTally(Tally):
    """Sums over the answers to one item version in one exam and month; `is_pilot` while it was on trial."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="item_tallies")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="tallies")
    is_pilot = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "item_version", "form", "month", "is_first", "is_pilot"],
                name="assessments_item_tally_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_version_id} in {self.assessment_id}, {self.month:%Y-%m}: {self.n}"

    @property
    def loaded(self) -> ItemSums:
        return ItemSums.from_json(self.sums)


class ExamTally(Tally):
    """Sums over the scored attempts at one exam in one month."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="tallies")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "form", "month", "is_first"], name="assessments_exam_tally_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id}, {self.month:%Y-%m}: {self.n}"

    @property
    def loaded(self) -> ExamSums:
        return ExamSums.from_json(self.sums)


class CountedAttempt(models.Model):
    """An attempt that is in the tallies, as it was scored: written and taken away with what it added to them."""

    attempt = models.OneToOneField(Attempt, on_delete=models.PROTECT, primary_key=True, related_name="counted")
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.attempt_id)


class ItemFlagQuerySet(models.QuerySet["ItemFlag"]):
    def standing(self) -> "ItemFlagQuerySet":
        """Those that hold by the last look and that nobody has settled."""
        return self.filter(gone_at=None, settled_at=None)


class ItemFlag(models.Model):
    """Something about an item version in an exam that its author should look at. Advice: nothing follows by itself.

    Raised and taken away by each look at the statistics; once settled by a person it is not raised again.
    """

    KINDS = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in Kind]

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="flags")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=20, choices=KINDS)
    is_urgent = models.BooleanField()
    note = models.TextField()
    raised_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    settlement = models.CharField(max_length=300, blank=True, help_text="What was done, or why nothing")

    objects = ItemFlagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "item_version", "kind"], name="assessments_item_flag_once"),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_by=None, settlement="")
                | (Q(settled_at__isnull=False, settled_by__isnull=False) & ~Q(settlement="")),
                name="assessments_flag_settled_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_version}: {self.get_kind_display()}"


class Calibration(models.Model):
    """Rasch difficulties of an exam's items, estimated together on one scale. Never changed; the newest counts."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="calibrations")
    calibrated_at = models.DateTimeField()
    attempts = models.PositiveIntegerField()
    spread = models.FloatField(help_text="Standard deviation of the abilities, in logits")
    log_likelihood = models.FloatField()

    def __str__(self) -> str:
        return f"{self.assessment}: {self.calibrated_at:%Y-%m-%d}"


class ItemDifficulty(models.Model):
    """The difficulty of one item version in one calibration, in logits: nought suits the average candidate."""

    calibration = models.ForeignKey(Calibration, on_delete=models.CASCADE, related_name="difficulties")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="difficulties")
    value = models.FloatField()
    error = models.FloatField(help_text="Standard error")
    n = models.PositiveIntegerField(help_text="Answers it rests on")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calibration", "item_version"], name="assessments_item_difficulty_once")
        ]

    def __str__(self) -> str:
        return f"{self.item_version_id}: {self.value:.2f}"
