"""Celery entries of assets."""

from celery import shared_task
from django.utils import timezone

from lms.assets import services


@shared_task
def note_asset_reviews() -> None:
    """Every Monday, before the letters."""
    services.note_reviews(at=timezone.now())


@shared_task
def send_asset_letters() -> int:
    """Every morning: what lapsed is noted, then each person gets one letter. Returns how many people."""
    services.note_lapses(at=timezone.now())
    return services.send_letters(at=timezone.now())
