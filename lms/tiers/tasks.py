"""Celery entries of tiers."""

from celery import shared_task
from django.utils import timezone

from lms.tiers import services


@shared_task
def evaluate_all_partners() -> int:
    """Nightly: credentials and memberships end without an event. Returns how many decisions were appended."""
    return services.evaluate_all(at=timezone.now())


@shared_task
def raise_tier_alarms() -> int:
    """Nightly, after the evaluation. Returns how many alarms were new."""
    return services.raise_alarms(at=timezone.now())
