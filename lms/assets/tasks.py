"""Celery entries of assets."""

from celery import shared_task
from django.utils import timezone

from lms.assets import services


@shared_task
def remind_owners() -> int:
    """Every Monday. Returns how many owners were told."""
    return services.remind_owners(at=timezone.now())
