"""Credentials as they were issued, and what happened to them since."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from certifications.errors import CredentialNotInForce
from certifications.models.certifications import Certification
from certifications.snapshot import Snapshot
from lms.assessments.models import Attempt
from lms.common.ids import unguessable_id
from lms.partners.models import Membership, Partner, today

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


def new_credential_id() -> str:
    """See `unguessable_id`; a function of this module's own because migrations name it."""
    return unguessable_id()


class CredentialQuerySet(models.QuerySet["Credential"]):
    def valid(self, on: date) -> "CredentialQuerySet":
        """Issued, neither revoked nor suspended, and not expired on the day `on` (UTC; the last day counts)."""
        end = datetime.combine(on + timedelta(days=1), time.min, UTC)
        in_force = self.filter(issued_at__lt=end, revoked_at=None, suspended_at=None)
        return in_force.filter(Q(expires_on=None) | Q(expires_on__gte=on)).filter(_counts(on))

    def in_force_at(self, at: datetime) -> "CredentialQuerySet":
        """As it was at `at`, whatever happened since: issued, and then neither revoked, suspended nor expired."""
        suspended = Suspension.objects.filter(credential=OuterRef("pk"), suspended_at__lte=at)
        return (
            self.filter(issued_at__lte=at)
            .filter(Q(revoked_at=None) | Q(revoked_at__gt=at))
            .filter(Q(expires_on=None) | Q(expires_on__gte=at.astimezone(UTC).date()))
            .filter(_counts(at.astimezone(UTC).date()))
            .filter(~Exists(suspended.filter(Q(lifted_at=None) | Q(lifted_at__gt=at))))
        )

    def stopped(self) -> "CredentialQuerySet":
        """Revoked or suspended: what public status lists of badges must show."""
        return self.filter(Q(revoked_at__isnull=False) | Q(suspended_at__isnull=False))

    def visible_to(self, user: "User | AnonymousUser") -> "CredentialQuerySet":
        """One's own; those of the people a manager looks after; all for channel roles."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        people = Membership.objects.visible_to(user).active(today()).values("person_id")
        return self.filter(Q(person=user) | Q(person__in=people))

    def of_people_at(self, partner: Partner, on: date) -> "CredentialQuerySet":
        """Credentials of those who belong to `partner` on the day `on`: they go with the person when he leaves."""
        return self.filter(person__in=partner.memberships.active(on).values("person_id"))


def _counts(on: date) -> Q:
    """Credentials of a retired certification count until the day it says."""
    return Q(certification__counts_until=None) | Q(certification__counts_until__gte=on)


class Credential(models.Model):
    """A certification held by a person, frozen when issued: `snapshot` and `holder_name` never follow later edits.

    `sequence` counts this person's credentials of this certification (1 first, 2 the renewal): the unique constraint
    on it is what makes two racing issuers produce one row. State is facts: expiry and revocation are dates here, and
    the word for it (valid, expired, revoked) is derived by `status()`.
    """

    class Status(models.TextChoices):
        VALID = "valid", "Valid"
        EXPIRED = "expired", "Expired"
        SUSPENDED = "suspended", "Suspended"
        REVOKED = "revoked", "Revoked"
        REPLACED = "replaced", "Replaced"

    public_id = models.CharField(max_length=32, unique=True, default=new_credential_id, editable=False)
    certification = models.ForeignKey(Certification, on_delete=models.PROTECT, related_name="credentials")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="credentials")
    membership = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="At issue"
    )
    sequence = models.PositiveSmallIntegerField()
    holder_name = models.CharField(max_length=150)
    snapshot = models.JSONField(help_text="Title, criteria, number, issuer, score, evidence statement ids, as issued")
    attempt = models.ForeignKey(
        Attempt,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credentials",
        help_text="The last one passed",
    )
    issued_at = models.DateTimeField()
    expires_on = models.DateField(null=True, blank=True, help_text="The last valid day")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revocation_reason = models.CharField(max_length=300, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True, help_text="Of the suspension that is not lifted yet")
    replaced_by = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="replaces",
        help_text="The corrected one; this one is revoked then",
    )

    objects = CredentialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["certification", "person", "sequence"], name="certifications_credential_once"
            ),
            models.UniqueConstraint(fields=["certification", "attempt"], name="certifications_attempt_earns_once"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None, revocation_reason="")
                | (Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revocation_reason="")),
                name="certifications_revocation_has_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by=None) | Q(revoked_at__isnull=False),
                name="certifications_replaced_is_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_name}: {self.certification}"

    @property
    def as_issued(self) -> Snapshot:
        """What it says, typed."""
        return Snapshot.from_json(self.snapshot)

    @property
    def verify_url(self) -> str:
        """Where anybody may check it. Built from SITE_URL, never from a Host header."""
        return f"{settings.SITE_URL}/verify/{self.public_id}/"

    def check_in_force(self) -> None:
        """Raises CredentialNotInForce for one that no longer holds for another reason than its last day."""
        if self.replaced_by_id is not None:
            raise CredentialNotInForce("This certificate was replaced by a corrected one.")
        if self.revoked_at is not None:
            raise CredentialNotInForce(f"This certificate was revoked on {self.revoked_at:%d %B %Y}.")
        if self.suspended_at is not None:
            raise CredentialNotInForce(f"This certificate is suspended since {self.suspended_at:%d %B %Y}.")

    def status(self, on: date) -> "Credential.Status":
        if self.replaced_by_id is not None:
            return self.Status.REPLACED
        if self.revoked_at is not None:
            return self.Status.REVOKED
        if self.suspended_at is not None:
            return self.Status.SUSPENDED
        if self.expires_on is not None and self.expires_on < on:
            return self.Status.EXPIRED
        return self.Status.VALID


class Suspension(models.Model):
    """A time in which a credential did not hold: from `suspended_at` until it was lifted. Rows are only added and
    closed, so what held at any moment can be told again."""

    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="suspensions")
    suspended_at = models.DateTimeField()
    suspended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lift_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credential"], condition=Q(lifted_at=None), name="certifications_suspended_once"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None, lift_reason="")
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lift_reason="")),
                name="certifications_lifting_has_who_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credential}: {self.reason}"


class Reminder(models.Model):
    """One word to the holder that a credential ends: once for each of 90, 60, 30 and 7 days."""

    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="reminders")
    days = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(help_text="When it was handed to the outbox")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "days"], name="certifications_reminder_once"),
        ]

    def __str__(self) -> str:
        return f"{self.credential}: {self.days} days"
