"""So many drawings at once on a machine, whichever of its processes ask: places are locks on files, which the system
gives back when a process ends, however it ends. What they bound is the cores of one machine, so several hosts have
places each, and the files are nothing that hosts would share.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from lms.assets.branding.errors import DrawingBusy

PLACES = max(2, os.cpu_count() or 1)
PATIENCE = 8.0  # seconds that a request waits for a place
_PAUSE = 0.05


@contextmanager
def place() -> Iterator[None]:
    """One of the machine's places, until the end of the block. Raises DrawingBusy when none gets free in time."""
    handle = _wait_for_one()
    try:
        yield
    finally:
        os.close(handle)


def _wait_for_one() -> int:
    """The open file whose lock is the place."""
    until = time.monotonic() + PATIENCE
    while True:
        for number in range(PLACES):
            handle = _try(number)
            if handle is not None:
                return handle
        if time.monotonic() >= until:
            raise DrawingBusy("Many pages are being drawn at the moment. Nothing was lost: try again in ten seconds.")
        time.sleep(_PAUSE)


def _try(number: int) -> int | None:
    path = Path(settings.DRAWING_LOCKS or tempfile.gettempdir()) / f"laurel-drawing-{os.getuid()}-{number}"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
