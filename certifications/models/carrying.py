"""What a holder decides about his credentials: who may see them, and where they count when he changes employer."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from certifications.models.credentials import Credential
from lms.partners.models import Membership


def new_address() -> str:
    """128 random bits, as lower-case letters and digits."""
    return secrets.token_hex(16)


class PublicProfile(models.Model):
    """A page about a person that anybody may see, once he says so. Without a row, or with `published_at` empty, there
    is none. It shows the credentials he chose, his name and his line, and nothing else."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="public_profile")
    address = models.SlugField(max_length=60, unique=True, default=new_address)
    headline = models.CharField(max_length=150, blank=True)
    credentials = models.ManyToManyField(Credential, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    is_indexed = models.BooleanField(default=False, help_text="Search engines may list it")

    def __str__(self) -> str:
        return self.address

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}/people/{self.address}/"


class CareerConsentQuerySet(models.QuerySet["CareerConsent"]):
    def given(self, at: datetime) -> "CareerConsentQuerySet":
        """Those that held at `at`."""
        return self.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at), given_at__lte=at)


class CareerConsent(models.Model):
    """A person lets what he earned elsewhere count for the partner of this membership, from a moment to a moment. Rows
    are only added and closed, so what counted at any moment can be told again."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="career_consents")
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = CareerConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership"], condition=Q(withdrawn_at=None), name="certifications_consent_given_once"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")),
                name="certifications_consent_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership}: {self.given_at:%Y-%m-%d}"
