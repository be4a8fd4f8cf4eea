"""How certificates look, and the key that signs them where there is no other."""

from django.db import models

from certifications.snapshot import Design, Signatory
from lms.common.models import PublicIdModel


class CertificateDesign(PublicIdModel):
    """How the certificates of a programme look. Credentials keep the design they were issued with."""

    class Layout(models.TextChoices):
        LAUREL = "laurel", "Laurel: centred under a wreath"
        BAND = "band", "Band: a coloured band at the left"

    class Paper(models.TextChoices):
        A4 = "a4", "A4"
        LETTER = "letter", "US Letter"

    name = models.CharField(max_length=100, unique=True)
    layout = models.CharField(max_length=10, choices=Layout, default=Layout.LAUREL)
    paper = models.CharField(max_length=10, choices=Paper, default=Paper.A4)
    accent = models.CharField(max_length=7, default="#1f6f54", help_text="#rrggbb; dark enough to be read on white")
    ornament = models.CharField("Wreath", max_length=7, default="#b07d1a", help_text="#rrggbb")
    logo = models.CharField(max_length=200, blank=True, editable=False, help_text="A stored picture, by its content")
    signatories = models.TextField(
        blank=True, help_text="One a line, at most three: name, then a comma, then what he is"
    )

    def __str__(self) -> str:
        return self.name

    def as_design(self) -> Design:
        """What a credential that is issued now keeps."""
        lines = [line.partition(",") for line in self.signatories.splitlines() if line.strip()]
        return Design(
            layout=self.layout,
            paper=self.paper,
            accent=self.accent,
            ornament=self.ornament,
            logo=self.logo,
            signatories=tuple(Signatory(name=name.strip(), role=role.strip()) for name, _, role in lines),
        )


class SigningIdentity(models.Model):
    """A self-made key with its certificates, for sites without a key of their own. Sealed with SECRET_KEY."""

    name = models.CharField(max_length=20, unique=True)
    certificates = models.TextField(help_text="PEM, the signer's first")
    key_sealed = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
