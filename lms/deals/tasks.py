"""Celery entries of deals."""

from celery import shared_task
from django.utils import timezone

from lms.deals import services


@shared_task
def expire_deals() -> int:
    """Every hour, five minutes past; so the first one after midnight in UTC. Returns how many expired."""
    return services.expire_deals(at=timezone.now())


@shared_task
def remind_of_protection() -> int:
    """Daily. Returns how many partners were told."""
    return services.remind_of_protection(at=timezone.now())


@shared_task
def escalate_overdue() -> int:
    """Every few minutes. Returns how many went one level up."""
    return services.escalate_overdue(at=timezone.now())
