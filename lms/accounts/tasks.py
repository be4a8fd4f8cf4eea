"""Celery entries of accounts."""

from celery import shared_task
from django.utils import timezone

from lms.accounts import services


@shared_task
def note_closed_accounts() -> int:
    """Every few minutes. Returns how many accounts were found closed or open again."""
    return services.note_closed_accounts(at=timezone.now())
