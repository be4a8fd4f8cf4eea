"""manage.py items import FILE and items export --bank NAME."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.text import slugify

from lms.assessments import services
from lms.assessments.formats import WRITABLE
from lms.assessments.models import ItemBank
from lms.assessments.services import Export, ImportReport
from lms.common.errors import DomainError


class Command(BaseCommand):
    help = "Imports a question file into an item bank, or exports a bank, and reports on every question."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        importing = actions.add_parser(
            "import",
            help="read a file into a bank: GIFT, Aiken, Moodle XML, QTI 1.2 to 3.0 (file or package), CSV, XLSX; "
            "its content tells which",
        )
        importing.add_argument("file", type=Path)
        importing.add_argument("--bank", help="the bank's name, made when there is none; by default the file's name")
        importing.add_argument("--dry-run", action="store_true", help="only report what would happen")
        importing.add_argument("--draft", action="store_true", help="leave the items as drafts, to be reviewed")
        importing.add_argument("--json", action="store_true", help="the report as JSON: counts, and a row per question")
        exporting = actions.add_parser("export", help="write a bank to a file, keys and feedback included")
        exporting.add_argument("--bank", required=True, help="the bank's name")
        exporting.add_argument("--format", required=True, choices=sorted(WRITABLE))
        exporting.add_argument("--out", required=True, type=Path)
        exporting.add_argument("--json", action="store_true", help="the report as JSON: counts, and a row per item")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = self.export(options) if options["action"] == "export" else self.import_(options)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(written)

    def import_(self, options: dict[str, Any]) -> str:
        path: Path = options["file"]
        name: str = options["bank"] or path.name.split(".")[0]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        report = services.import_items(
            bank=self.bank(name, is_dry_run=options["dry_run"]),
            data=data,
            by=None,
            at=timezone.now(),
            dry_run=options["dry_run"],
            is_live=not options["draft"],
        )
        return self.import_json(report) if options["json"] else self.import_text(report)

    def export(self, options: dict[str, Any]) -> str:
        bank = ItemBank.objects.filter(slug=slugify(options["bank"])[:100]).first()
        if bank is None:
            raise CommandError(f"There is no bank “{options['bank']}”.")
        made = services.export_items(bank=bank, format=options["format"])
        try:
            options["out"].write_bytes(made.data)
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error.strerror}.") from error
        return self.export_json(made) if options["json"] else self.export_text(made, options["out"])

    def bank(self, name: str, *, is_dry_run: bool) -> ItemBank:
        """The bank of that name; a dry run makes none."""
        if is_dry_run:
            return ItemBank.objects.filter(slug=slugify(name)[:100]).first() or ItemBank(name=name)
        return services.get_or_create_bank(name)

    def import_json(self, report: ImportReport) -> str:
        body = {
            "bank": report.bank,
            "format": report.format,
            "encoding": report.encoding,
            "dry_run": report.is_dry_run,
            "counts": report.counts,
            "items": [asdict(row) for row in report.rows],
        }
        return json.dumps(body, ensure_ascii=False, indent=2)

    def import_text(self, report: ImportReport) -> str:
        lines = [
            (f"{row.source}: " if row.source else "")
            + f"line {row.line}: {row.title}: {row.outcome.replace('_', ' ')}"
            + (f", {row.change.replace('_', ' ')}" if row.change else "")
            + (f" ({'; '.join(row.notes)})" if row.notes else "")
            for row in report.rows
        ]
        verb = "would be read" if report.is_dry_run else "read"
        total = f"{report.format} ({report.encoding}) {verb} into “{report.bank}”: {_counted(report.counts)}."
        return "\n".join([*lines, total])

    def export_json(self, made: Export) -> str:
        rows = [
            {"code": row.code, "type": row.type, "outcome": row.outcome, "notes": list(row.notes)} for row in made.rows
        ]
        body = {"bank": made.bank, "format": made.format, "counts": made.counts, "items": rows}
        return json.dumps(body, ensure_ascii=False, indent=2)

    def export_text(self, made: Export, path: Path) -> str:
        lines = [
            f"{row.code}: {row.outcome.replace('_', ' ')} ({'; '.join(row.notes)})" for row in made.rows if row.notes
        ]
        return "\n".join([*lines, f"“{made.bank}” written to {path} as {made.format}: {_counted(made.counts)}."])


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
