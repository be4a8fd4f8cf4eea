"""Celery entries of badges."""

from celery import shared_task
from django.utils import timezone

from badges import connecting


@shared_task
def clear_connections() -> int:
    """Deletes tokens whose time is over and applications nobody let in. Returns how many applications."""
    return connecting.clear_connections(at=timezone.now())
