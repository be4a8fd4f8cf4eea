"""What functions of the vendor say to rules before they are published: who, on which draft, what. Nothing is erased."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.partners.models import today, vendor_staff

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class ApproverQuerySet(models.QuerySet["Approver"]):
    def active(self) -> "ApproverQuerySet":
        """Appointments that are not ended, of people who are the vendor's today: with a role, and of no partner."""
        return self.filter(ended_at=None, person__in=vendor_staff(today()))


class Approver(PublicIdModel):
    """A person of the vendor speaks for a function (legal, finance, …) from the appointment until it is ended."""

    function = models.SlugField(max_length=50, help_text="As programmes name it under “approvals”")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=1000)
    appointed_at = models.DateTimeField()
    appointed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.CharField(max_length=1000, blank=True)

    objects = ApproverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "function"], condition=Q(ended_at=None), name="tiers_one_open_appointment"
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(function=""), name="tiers_appointment_has_reason"),
            models.CheckConstraint(condition=~Q(appointed_by=F("person")), name="tiers_appointed_by_another"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason="")),
                name="tiers_appointment_end_has_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} for {self.function}"


class ProgrammeDraftQuerySet(models.QuerySet["ProgrammeDraft"]):
    def visible_to(self, user: "User | AnonymousUser") -> "ProgrammeDraftQuerySet":
        """All, for who reads programmes or speaks for a function; none for others."""
        return self if user.has_perm("tiers.view_drafts") else self.none()

    def open(self) -> "ProgrammeDraftQuerySet":
        """Those that can still become the version they were written as."""
        return self.filter(withdrawn_at=None).exclude(programme__versions__number__gte=F("number"))


class ProgrammeDraft(PublicIdModel):
    """Rules put up for approval as the version `number` of a programme from a day on. Its content never changes: other
    rules, another day or another number are another draft, with approvals of its own.

    `functions` are those that had to approve when it was put up.
    """

    programme = models.ForeignKey("tiers.Programme", on_delete=models.PROTECT, related_name="drafts")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    effective_at = models.DateTimeField()
    digest = models.CharField(max_length=64, help_text="SHA-256 over programme, number, day and document")
    functions = models.JSONField()
    purpose = models.CharField(max_length=1000)
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    version = models.OneToOneField(
        "tiers.ProgrammeVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="draft"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdraw_reason = models.CharField(max_length=1000, blank=True)

    objects = ProgrammeDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "digest"], condition=Q(withdrawn_at=None), name="tiers_one_open_draft_of_content"
            ),
            models.CheckConstraint(condition=~Q(purpose=""), name="tiers_draft_has_purpose"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdraw_reason="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False, version=None) & ~Q(withdraw_reason="")),
                name="tiers_draft_withdrawn_by_whom_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme}, draft of version {self.number}"


class DraftOpinion(PublicIdModel):
    """For a function, a person approved a draft or objected to it, and said why. Frozen; `number` counts per draft.

    `digest` is that of the content which he saw.
    """

    draft = models.ForeignKey(ProgrammeDraft, on_delete=models.PROTECT, related_name="opinions")
    number = models.PositiveIntegerField()
    function = models.SlugField(max_length=50)
    is_approval = models.BooleanField()
    reason = models.CharField(max_length=2000)
    digest = models.CharField(max_length=64)
    said_at = models.DateTimeField()
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "number"], name="tiers_opinion_number_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="tiers_opinion_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.said_by} for {self.function}: {'approved' if self.is_approval else 'objects'}"
