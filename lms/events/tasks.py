"""Celery entries of the outbox."""

from celery import shared_task

from lms.events import services


@shared_task
def deliver_messages(delivery_ids: list[int]) -> None:
    """Tries the named deliveries; each is skipped when another worker has it or it is done."""
    for delivery_id in delivery_ids:
        services.deliver(delivery_id)


@shared_task
def sweep_outbox() -> int:
    """Delivers what was missed. Returns how many deliveries got done."""
    return services.sweep()
