"""`manage.py deals publish FILE`: the next version of the rules of engagement."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from lms.common.errors import DomainError
from lms.deals import engagement, services


class Command(BaseCommand):
    help = "Publishes rules of engagement from YAML (docs/deals.md). Deals keep the version they began under."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        publish = actions.add_parser("publish", help="check the document and append it as the next version")
        publish.add_argument("file", type=Path)
        publish.add_argument("--from", dest="since", default="", help="the day it begins, as 2027-01-01 (UTC); now")
        publish.add_argument("--why", default="", help="what changed and why, for partners and the log")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            since = datetime.fromisoformat(options["since"]).replace(tzinfo=UTC) if options["since"] else now
            text = options["file"].read_text(encoding="utf-8")
            version = services.publish_rules(
                document=engagement.read(text), text=text, why=options["why"], effective_at=since, by=None, at=now
            )
        except (OSError, ValueError) as error:
            raise CommandError(f"This cannot be read: {error}") from error
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{version} is published, in force from {since:%Y-%m-%d %H:%M} UTC.")
