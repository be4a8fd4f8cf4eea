"""What the subcommands of `manage.py xapi` share."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any, ClassVar

from django.core.management.base import CommandError, OutputWrapper

from lms.xapi.timestamps import parse_timestamp


class Subcommand:
    """One word after `manage.py xapi`. Its help is written for somebody who has never seen the store.

    A DomainError raised by `handle` becomes a CommandError with the same sentence.
    """

    name: ClassVar[str]
    help: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares its own arguments."""

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        """Does it. `stdout` gets what was asked for, `stderr` progress and warnings."""
        raise NotImplementedError


def instant(text: str | None) -> datetime | None:
    """A point in time given on the command line. Raises CommandError."""
    try:
        return None if text is None else parse_timestamp(text)
    except ValueError as error:
        raise CommandError(f"{text} is not a point in time such as 2027-03-12T09:30:00Z.") from error
