"""Work of this app that beat starts."""

from celery import shared_task
from django.utils import timezone

from certifications import services


@shared_task(ignore_result=True)
def remind_of_expiry() -> None:
    """Once a day. Twice tells nothing twice."""
    services.remind_of_expiry(at=timezone.now())


@shared_task(ignore_result=True)
def renew_by_points() -> None:
    """Once a day. Twice renews nothing twice."""
    services.renew_by_points(at=timezone.now())
