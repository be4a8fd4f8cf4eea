"""Laurel's platform: the composition root and the platform apps."""

from lms.celery import app as celery_app

__all__ = ["celery_app"]
