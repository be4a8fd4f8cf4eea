"""Tables of the transactional outbox."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lms.common.models import PublicIdModel


class Message(PublicIdModel):
    """One thing that happened, written in the transaction in which it happened. Never changed afterwards."""

    type = models.CharField(max_length=100)
    payload = models.JSONField()
    emitted_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, at: datetime) -> "DeliveryQuerySet":
        """Deliveries that may be tried now: open, not leased by a living worker, past their back-off."""
        return self.filter(done_at=None, failed_at=None, due_at__lte=at)

    def like(self, delivery: "Delivery") -> "DeliveryQuerySet":
        """The others that the same run of the handler does for; none where the delivery names no subject."""
        if not delivery.subject:
            return self.none()
        return self.filter(handler=delivery.handler, subject=delivery.subject).exclude(pk=delivery.pk)


class Delivery(models.Model):
    """One message for one handler. `done_at` is set in the transaction in which the handler did its work."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=200)
    subject = models.CharField(
        max_length=100, blank=True, db_default="", help_text="What the handler recomputes, where one run does for many"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(
        default=timezone.now, help_text="Not tried before; a lease and a back-off both move it on"
    )
    done_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True, help_text="Given up: a person must look")
    last_error = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "handler"], name="events_delivery_once_per_handler"),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(failed_at=None), name="events_delivery_not_done_and_failed"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(done_at=None, failed_at=None), name="events_delivery_open"),
            models.Index(
                fields=["handler", "subject"],
                condition=Q(done_at=None, failed_at=None),
                name="events_delivery_open_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} <- {self.message_id}"
