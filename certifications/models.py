"""Certifications, what they require, and credentials as they were issued."""

import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from certifications.snapshot import Snapshot
from courses.models import Course
from lms.assessments.models import Assessment, Attempt
from lms.common.models import PublicIdModel
from lms.partners.models import Membership, Partner, today
from lms.partners.rules import todays_memberships

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


def new_credential_id() -> str:
    """128 random bits, URL-safe: cannot be counted or guessed."""
    return secrets.token_urlsafe(16)


class CertificationQuerySet(models.QuerySet["Certification"]):
    def offered(self) -> "CertificationQuerySet":
        """Those that can still be earned."""
        return self.filter(retired_at=None)

    def visible_to(self, user: "User | AnonymousUser") -> "CertificationQuerySet":
        """All for channel roles; otherwise what is for one of the person's personas today, and what he holds."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        wanted = self.model.personas.through.objects.filter(certification=OuterRef("pk"))
        own = [membership.persona_id for membership in todays_memberships(user)]
        is_for_him = Q(~Exists(wanted)) | Q(Exists(wanted.filter(persona__in=own)))
        held = Credential.objects.filter(certification=OuterRef("pk"), person=user)
        return self.filter(Q(is_for_him, retired_at=None) | Q(Exists(held)))


class Certification(PublicIdModel):
    """What a person can be certified as. `number` grows when its requirements change; credentials keep theirs."""

    slug = models.SlugField(unique=True, max_length=100)
    title = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    criteria = models.TextField(help_text="What a holder has shown, in one or two sentences")
    personas = models.ManyToManyField("partners.Persona", blank=True, related_name="+", help_text="Empty: everybody")
    number = models.PositiveIntegerField(default=1)
    valid_months = models.PositiveSmallIntegerField(default=24, help_text="0: no end date")
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = CertificationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/certifications/{self.public_id}"


class Requirement(models.Model):
    """One thing a certification asks for: a completed course or a passed exam. All must hold."""

    certification = models.ForeignKey(Certification, on_delete=models.CASCADE, related_name="requirements")
    position = models.PositiveSmallIntegerField()
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(
        Assessment, null=True, blank=True, on_delete=models.PROTECT, related_name="requirements"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["certification", "position"], name="certifications_requirement_position_once"
            ),
            models.CheckConstraint(
                condition=Q(course__isnull=False, assessment=None) | Q(course=None, assessment__isnull=False),
                name="certifications_requirement_is_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.course or self.assessment)


class CredentialQuerySet(models.QuerySet["Credential"]):
    def valid(self, on: date) -> "CredentialQuerySet":
        """Issued, not revoked, and not expired on the day `on` (UTC; the last day counts)."""
        end = datetime.combine(on + timedelta(days=1), time.min, UTC)
        return self.filter(issued_at__lt=end, revoked_at=None).filter(Q(expires_on=None) | Q(expires_on__gte=on))

    def stopped(self) -> "CredentialQuerySet":
        """Those that no longer hold before their time: what public status lists of badges must show."""
        return self.exclude(revoked_at=None)

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


class Credential(models.Model):
    """A certification held by a person, frozen when issued: `snapshot` and `holder_name` never follow later edits.

    `sequence` counts this person's credentials of this certification (1 first, 2 the renewal): the unique constraint
    on it is what makes two racing issuers produce one row. State is facts: expiry and revocation are dates here, and
    the word for it (valid, expired, revoked) is derived by `status()`.
    """

    class Status(models.TextChoices):
        VALID = "valid", "Valid"
        EXPIRED = "expired", "Expired"
        REVOKED = "revoked", "Revoked"

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

    def status(self, on: date) -> "Credential.Status":
        if self.revoked_at is not None:
            return self.Status.REVOKED
        if self.expires_on is not None and self.expires_on < on:
            return self.Status.EXPIRED
        return self.Status.VALID
