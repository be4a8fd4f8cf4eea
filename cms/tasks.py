"""Celery entries."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def publish_scheduled() -> None:
    """Publishes and withdraws pages whose time has come. Idempotent: what is done is not due any more."""
    call_command("publish_scheduled", verbosity=0)
