"""Open Badges 3.0: the issuer's keys, achievements, and awards as signed."""

from django.db import models
from django.utils import timezone

from certifications.models import Certification, Credential
from lms.common.models import PublicIdModel


class IssuerKey(models.Model):
    """An Ed25519 key of the issuer. The newest unretired key signs; retired ones still verify what they signed."""

    public_multibase = models.CharField(max_length=64, unique=True, help_text="Multikey, z6Mk…")
    private_encrypted = models.BinaryField(help_text="PKCS#8, encrypted with a key derived from the settings")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_multibase


class Achievement(PublicIdModel):
    """What a badge says: one per certification. Published as JSON at a stable address."""

    certification = models.OneToOneField(Certification, on_delete=models.PROTECT, related_name="achievement")
    name = models.CharField(max_length=150)
    description = models.TextField()
    criteria = models.TextField()

    def __str__(self) -> str:
        return self.name


class Award(PublicIdModel):
    """A badge for one credential: the signed OpenBadgeCredential, once, as it left the house."""

    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="awards")
    credential = models.OneToOneField(Credential, on_delete=models.PROTECT, related_name="award")
    key = models.ForeignKey(IssuerKey, on_delete=models.PROTECT, related_name="+")
    document = models.JSONField()
    awarded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.achievement}: {self.public_id}"
