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


@shared_task
def send_to_crm() -> int:
    """Every few seconds. Returns how many messages were delivered."""
    return sum(sent.delivered for sent in services.send_due(at=timezone.now()).values())


@shared_task
def forget_crm_messages() -> int:
    """Daily. Returns how many were forgotten."""
    return services.forget_messages(at=timezone.now())


@shared_task
def forget_imports() -> int:
    """Daily. Returns how many were forgotten."""
    return services.forget_imports(at=timezone.now())


@shared_task
def expire_leads() -> int:
    """Every hour. Returns how many offers ended."""
    return services.expire_leads(at=timezone.now())


@shared_task
def remind_of_reviews() -> int:
    """Daily. Returns how many people are told."""
    return services.remind_of_reviews(at=timezone.now())


@shared_task
def remind_of_stories() -> int:
    """Daily. Returns how many stories are told of."""
    return services.remind_of_stories(at=timezone.now())


@shared_task
def expire_overlaps() -> int:
    """Daily. Returns how many comparisons of customers were forgotten."""
    return services.expire_overlaps(at=timezone.now())
