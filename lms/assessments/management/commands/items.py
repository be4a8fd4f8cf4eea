"""manage.py items import FILE [--bank NAME] [--dry-run] [--json]"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.text import slugify

from lms.assessments import services
from lms.assessments.models import ItemBank
from lms.assessments.services import ImportReport
from lms.common.errors import DomainError


class Command(BaseCommand):
    help = "Imports a question file (GIFT) into an item bank and reports on every question."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        importing = actions.add_parser("import", help="read a file into a bank")
        importing.add_argument("file", type=Path)
        importing.add_argument("--bank", help="the bank's name, made when there is none; by default the file's name")
        importing.add_argument("--dry-run", action="store_true", help="only report what would happen")
        importing.add_argument("--json", action="store_true", help="the report as JSON: counts, and a row per question")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        name: str = options["bank"] or path.name.split(".")[0]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            report = services.import_items(
                bank=self.bank(name, is_dry_run=options["dry_run"]),
                data=data,
                by=None,
                at=timezone.now(),
                dry_run=options["dry_run"],
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(self.as_json(report) if options["json"] else self.as_text(report))

    def bank(self, name: str, *, is_dry_run: bool) -> ItemBank:
        """The bank of that name; a dry run makes none."""
        if is_dry_run:
            return ItemBank.objects.filter(slug=slugify(name)[:100]).first() or ItemBank(name=name)
        return services.get_or_create_bank(name)

    def as_json(self, report: ImportReport) -> str:
        body = {
            "bank": report.bank,
            "format": report.format,
            "encoding": report.encoding,
            "dry_run": report.is_dry_run,
            "counts": report.counts,
            "items": [asdict(row) for row in report.rows],
        }
        return json.dumps(body, ensure_ascii=False, indent=2)

    def as_text(self, report: ImportReport) -> str:
        lines = [
            f"line {row.line}: {row.title}: {row.outcome.replace('_', ' ')}"
            + (f", {row.change.replace('_', ' ')}" if row.change else "")
            + (f" ({'; '.join(row.notes)})" if row.notes else "")
            for row in report.rows
        ]
        counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in report.counts.items())
        verb = "would be read" if report.is_dry_run else "read"
        return "\n".join([*lines, f"{report.format} ({report.encoding}) {verb} into “{report.bank}”: {counts}."])
