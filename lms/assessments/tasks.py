"""Celery entries of assessments."""

import secrets

from celery import shared_task
from django.utils import timezone

from lms.assessments import services


@shared_task
def close_overdue_attempts() -> int:
    """Scores the attempts whose deadline has passed, also when the browser never came back. Returns how many."""
    return services.close_overdue(timezone.now())


@shared_task
def judge_items() -> int:
    """Raises the flags that the statistics of all exams call for now. Returns how many are new."""
    return services.judge_exams(at=timezone.now())


@shared_task
def prepare_forms() -> int:
    """Draws forms for exams that open within the hour to many at once. Returns how many."""
    return services.prepare_due(at=timezone.now(), rng=secrets.SystemRandom())
