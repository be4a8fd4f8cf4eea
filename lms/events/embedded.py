"""The beat of an installation without a broker: runs the same schedule as Celery beat, in one process."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module

from celery.schedules import BaseSchedule, maybe_schedule
from django.db import close_old_connections

from lms.celery import app

logger = logging.getLogger("laurel.events")


def run_beat(*, until: Callable[[], bool], pause: float = 1.0) -> None:
    """Runs what is due every `pause` seconds until `until()` holds. A task that fails is logged and tried next time."""
    schedules: list[tuple[str, BaseSchedule]] = [
        (entry["task"], maybe_schedule(entry["schedule"])) for entry in app.conf.beat_schedule.values()
    ]
    last = {task: datetime.now(UTC) for task, _ in schedules}
    while not until():
        for task, schedule in schedules:
            if schedule.is_due(last[task]).is_due:
                last[task] = datetime.now(UTC)
                _run(task)
        time.sleep(pause)


def _run(task: str) -> None:
    module, name = task.rsplit(".", 1)
    close_old_connections()
    try:
        getattr(import_module(module), name)()
    except Exception:
        logger.exception("task %s failed", task)
    finally:
        close_old_connections()
