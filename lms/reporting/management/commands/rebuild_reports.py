"""Compares the figures with the statements they come from, and sets them right."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from lms.reporting.services import rebuild


class Command(BaseCommand):
    help = (
        "Computes every completion record anew from the trusted statements and sets right what differs. "
        "With --check nothing is changed: differences are listed, and the exit status is 1 when there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only compare")

    def handle(self, *args: Any, check: bool, verbosity: int, **options: Any) -> None:
        with tqdm(unit="registration", file=sys.stderr, disable=None if verbosity else True) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            result = rebuild(check=check, on_progress=show)
        for difference in result.differences:
            self.stdout.write(str(difference))
        verb = "differ" if check else "were set right"
        self.stdout.write(f"{result.registrations} registrations compared, {len(result.differences)} {verb}.")
        if check and result.differences:
            raise CommandError("The figures are not what the statements say. Run without --check to set them right.")
