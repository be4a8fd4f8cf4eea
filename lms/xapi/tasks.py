"""Celery entries of the record store."""

from celery import shared_task
from django.utils import timezone

from lms.xapi import services


@shared_task
def forward_statements() -> int:
    """Sends on what other stores are to get. Returns how many statements were sent."""
    return sum(sent.sent for sent in services.forward_due(at=timezone.now()).values())


@shared_task
def pull_statements() -> int:
    """Fetches what other stores have. Returns how many statements were fetched."""
    return sum(pulled.fetched for pulled in services.pull_due(at=timezone.now()).values())
