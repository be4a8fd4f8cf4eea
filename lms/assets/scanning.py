"""The place where an antivirus programme is asked about each file before it is kept.

`ASSET_SCANNER` names a function by its dotted path. It is called as `scan(file, filename)`, with a handle of its own at
the beginning, which it may close; it returns nothing when it has no objection and raises anything to refuse. What it
raises is logged and the file is not kept: a scanner that cannot be reached refuses too. It has 60 seconds by
convention; nothing here stops it.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.utils.module_loading import import_string

from lms.assets.errors import BadFile

logger = logging.getLogger(__name__)


def scan(file: File[Any], filename: str) -> None:
    """Raises BadFile when the scanner that is set refuses; does nothing when none is set."""
    if not settings.ASSET_SCANNER:
        return
    try:
        with _handle_of_its_own(file) as handle:
            import_string(settings.ASSET_SCANNER)(handle, filename)
    except Exception as error:
        logger.warning("The scanner refused a file: %s", type(error).__name__)
        raise BadFile("The file did not pass the check for harmful content. It was not kept.") from error
    finally:
        file.seek(0)


@contextmanager
def _handle_of_its_own(file: File[Any]) -> Iterator[File[Any]]:
    """The same content at its beginning, to be read or closed as the scanner likes: ours stays open."""
    path = getattr(file, "temporary_file_path", None)
    if path is not None:
        with Path(path()).open("rb") as handle:
            yield File(handle, name=file.name)
        return
    with tempfile.TemporaryFile() as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.seek(0)
        yield File(copy, name=file.name)
