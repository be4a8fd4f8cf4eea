"""The main job in one process, as the embedded default runs it; and on PostgreSQL with a real Celery worker."""

import os
import time
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from lms.events.models import Delivery
from lms.events.services import drain
from tests.flows.main_job import play
from tests.servers import celery_worker


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_main_job_from_author_to_tier(tmp_path: Path) -> None:
    play(settle=drain, tmp_path=tmp_path)
    assert not Delivery.objects.filter(done_at=None).exists()


def wait_until_delivered() -> None:
    """Until the worker has done everything. Fails with what is left."""
    deadline = time.monotonic() + 60
    while Delivery.objects.filter(done_at=None).exists():
        left = list(Delivery.objects.filter(done_at=None).values("handler", "attempts", "last_error"))
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.worker
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_main_job_with_a_real_worker(settings: Settings, tmp_path: Path) -> None:
    from lms.celery import app

    redis = f"{os.environ['LAUREL_TEST_REDIS']}/0"
    settings.HAS_BROKER = True
    settings.CELERY_BROKER_URL = redis
    app.conf.broker_url = redis
    database = settings.DATABASES["default"]
    assert connection.vendor == "postgresql"
    env = {
        "LAUREL_TESTING": "1",
        "DATABASE_URL": f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}",
        "CELERY_BROKER_URL": redis,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }
    with celery_worker(tmp_path, env):
        play(settle=wait_until_delivered, tmp_path=tmp_path)
