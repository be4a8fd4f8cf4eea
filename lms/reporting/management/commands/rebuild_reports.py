"""Compares the figures with the statements they come from, and sets them right."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from lms.reporting.services import rebuild, rebuild_usage

T = TypeVar("T")


class Command(BaseCommand):
    help = (
        "Computes every completion record, mark, lesson and sum anew from the trusted statements and sets right what "
        "differs. With --check nothing is changed: differences are listed, and the exit status is 1 when there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare")

    def handle(self, *args: Any, check: bool, verbosity: int, **options: Any) -> None:
        records = self._shown("registration", verbosity, lambda show: rebuild(check=check, on_progress=show))
        usage = self._shown("person", verbosity, lambda show: rebuild_usage(check=check, on_progress=show))
        differences = [*map(str, records.differences), *usage.differences]
        for difference in differences:
            self.stdout.write(difference)
        verb = "differ" if check else "were set right"
        self.stdout.write(
            f"{records.registrations} registrations, {usage.people} people and {usage.sums} sums compared, "
            f"{len(differences)} {verb}."
        )
        if check and differences:
            raise CommandError("The figures are not what the statements say. Run without --check to set them right.")

    def _shown(self, unit: str, verbosity: int, work: Callable[[Callable[[int, int], None]], T]) -> T:
        """What `work` comes to; it is handed what moves a bar."""
        with tqdm(unit=unit, file=sys.stderr, disable=None if verbosity else True) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            return work(show)
