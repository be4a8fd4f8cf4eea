"""Celery entries of reporting."""

from celery import shared_task
from django.utils import timezone

from lms.reporting import services

STATEMENTS_PER_RUN = 100_000


@shared_task
def follow_statements() -> int:
    """Every minute. Returns how many statements were read."""
    return services.follow_statements(limit=STATEMENTS_PER_RUN).statements


@shared_task
def send_due_reports() -> int:
    """Every morning. Returns how many letters were handed to the outbox."""
    return services.send_due_reports(at=timezone.now())
