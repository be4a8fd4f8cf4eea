"""Question files that are too large for one request: looked at and imported in the background, batch by batch."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.assessments.models.bank import ItemBank
from lms.common.models import PublicIdModel


class ItemImport(PublicIdModel):
    """One file of one author on its way into a bank: first looked at, then, when he says so, imported.

    The file is kept until the import is finished. `done` counts the questions of the present step.
    """

    bank = models.ForeignKey(ItemBank, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    bank_name = models.CharField(max_length=150, help_text="Of a bank that is made when the import is confirmed")
    file = models.FileField(upload_to="item-imports/%Y/")
    name = models.CharField(max_length=150)
    format = models.CharField(max_length=40, blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True, help_text="Why the file cannot be read; nothing more is done then")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="Questions in the file, once it was looked at")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(looked_at__isnull=False), name="assessments_import_looked_at_first"
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(confirmed_at__isnull=False) | ~Q(problem=""),
                name="assessments_import_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} into {self.bank or self.bank_name}"

    @property
    def is_dry_run(self) -> bool:
        """Whether the present step writes nothing."""
        return self.confirmed_at is None

    @property
    def is_running(self) -> bool:
        return self.finished_at is None and (self.looked_at is None or self.confirmed_at is not None)


class ImportBatch(models.Model):
    """What became, or would become, of some questions of a file: rows as ImportRow has them."""

    item_import = models.ForeignKey(ItemImport, on_delete=models.CASCADE, related_name="batches")
    is_dry_run = models.BooleanField()
    start = models.PositiveIntegerField()
    rows = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item_import", "is_dry_run", "start"], name="assessments_import_batch_once")
        ]

    def __str__(self) -> str:
        return f"{self.item_import_id}/{self.start}"
