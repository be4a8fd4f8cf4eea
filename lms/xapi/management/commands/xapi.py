"""The learning record store from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lms.common.errors import DomainError
from lms.xapi.commands import SUBCOMMANDS


class Command(BaseCommand):
    help = "The learning record store: its credentials and its statements."

    def add_arguments(self, parser: ArgumentParser) -> None:
        areas = parser.add_subparsers(dest="area", required=True, metavar="AREA")
        for subcommand in SUBCOMMANDS:
            own = areas.add_parser(subcommand.name, help=subcommand.help, description=subcommand.help)
            subcommand.add_arguments(own)

    def handle(self, *args: Any, area: str, **options: Any) -> None:
        subcommands = {subcommand.name: subcommand for subcommand in SUBCOMMANDS}
        options.update(stdout=self.stdout, stderr=self.stderr)
        try:
            subcommands[area].handle(**options)
        except DomainError as error:
            raise CommandError(error.message) from error
