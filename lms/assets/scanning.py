"""The place where an antivirus programme is asked about each file before it is kept.

`ASSET_SCANNER` names a function by its dotted path. It is called as `scan(file, filename)`, with the file open for
reading at its beginning; it returns nothing when it has no objection and raises anything to refuse. What it raises is
logged and the file is not kept: a scanner that cannot be reached refuses too. It has 60 seconds by convention; nothing
here stops it.
"""

import logging
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
        file.seek(0)
        import_string(settings.ASSET_SCANNER)(file, filename)
    except Exception as error:
        logger.warning("The scanner refused a file: %s", type(error).__name__)
        raise BadFile("The file did not pass the check for harmful content. It was not kept.") from error
    finally:
        file.seek(0)
