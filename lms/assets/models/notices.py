"""What people are to hear about assets, until their next letter."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.assets.models.library import Asset


class Reason(models.TextChoices):
    """Why somebody hears of an asset."""

    REVIEW = "review", "He keeps it, and it is to be reviewed soon"
    LAPSED = "lapsed", "He keeps it, and its review or its last day is past"
    PAGE = "page", "A page of his shows it, and partners cannot have it"
    COPIES = "copies", "His partner has copies of it that do not hold any more"
    ZONES = "zones", "He keeps it, and its new file has no zones, which the one before had"


class Notice(models.Model):
    """A person is to hear something about an asset: once per reason and day it is about. Letters of a day are one.

    What does not hold any more when the letter is written is deleted, so it can be noted anew when it is true again.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="notices")
    reason = models.CharField(max_length=10, choices=Reason)
    about_on = models.DateField(help_text="The review day, the last day, or the day on which somebody changed it")
    noted_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "asset", "reason", "about_on"], name="assets_notice_once"),
        ]
        indexes = [models.Index(fields=["person"], condition=Q(sent_at=None), name="assets_notices_waiting")]

    def __str__(self) -> str:
        return f"{self.asset}: {self.reason}"
