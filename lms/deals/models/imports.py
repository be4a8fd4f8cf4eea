"""Files of deals: what was uploaded, what each row would become, and what became of it."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.common.models import PublicIdModel
from lms.deals.models.deals import Deal
from lms.partners.models import Partner

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class RowOutcome(models.TextChoices):
    """Of a row. The first three are of the dry run, "created" of the import, the others of both."""

    UNREAD = "unread", "Not looked at yet"
    NEW = "new", "Would be registered"
    CONFLICT = "conflict", "Would go to conflict review"
    CREATED = "created", "Registered"
    DUPLICATE = "duplicate", "Is there already"
    REFUSED = "refused", "Refused"


GOOD = (RowOutcome.NEW, RowOutcome.CONFLICT)


class DealImportQuerySet(models.QuerySet["DealImport"]):
    def visible_to(self, user: "User | AnonymousUser") -> "DealImportQuerySet":
        """Those a person asked for: rows of a file are for nobody else until they are deals."""
        return self.filter(asked_by=user.pk) if user.is_authenticated else self.none()


class DealImport(PublicIdModel):
    """One file of deals of one person on its way in: uploaded, its columns named, looked at, imported.

    `round` counts how often its columns were named: work of an earlier round is not gone on with. `done` counts the
    rows of the present step. `partner` None: each row names its partner, as the vendor's people may.
    """

    partner = models.ForeignKey(Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="deal_imports")
    name = models.CharField(max_length=150, help_text="Of the file")
    headings = models.JSONField()
    mapping = models.JSONField(default=dict)
    round = models.PositiveSmallIntegerField(default=0)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField()

    objects = DealImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(looked_at__isnull=False), name="deals_import_looked_at_first"
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(confirmed_at__isnull=False), name="deals_import_finished"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_dry_run(self) -> bool:
        """Whether the present step registers nothing."""
        return self.confirmed_at is None

    @property
    def is_running(self) -> bool:
        return self.finished_at is None and self.round > 0 and (self.looked_at is None or self.confirmed_at is not None)


class DealImportRow(models.Model):
    """A row of the file. `line` is the number a spreadsheet shows; `number` counts from 0 without a gap.

    The keys are those of the customer, once they are known: by them a later row of the same file is found to repeat
    this one. `deal` is what it became, or the partner's own deal that was there already.
    """

    deal_import = models.ForeignKey(DealImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    line = models.PositiveIntegerField()
    cells = models.JSONField()
    outcome = models.CharField(max_length=10, choices=RowOutcome, default=RowOutcome.UNREAD)
    message = models.CharField(max_length=500, blank=True)
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.PROTECT, related_name="import_rows")
    partner = models.ForeignKey(Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name_key = models.CharField(max_length=200, blank=True)
    domain_key = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, blank=True)
    product = models.CharField(max_length=50, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal_import", "number"], name="deals_import_row_once"),
            models.CheckConstraint(
                condition=~Q(outcome="created") | Q(deal__isnull=False), name="deals_import_created_a_deal"
            ),
        ]
        indexes = [models.Index(fields=["deal_import", "name_key"], name="deals_import_row_by_name")]

    def __str__(self) -> str:
        return f"{self.deal_import_id}: row {self.line}"
