"""`manage.py xapi archive` and `hold`: statements that may leave the store, and what keeps them there."""

import re
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper
from django.utils import timezone
from tqdm import tqdm

from lms.common import guards
from lms.xapi import services
from lms.xapi.archives import Manifest
from lms.xapi.commands.base import Subcommand
from lms.xapi.models import LegalHold
from lms.xapi.services.archiving import Month


class ArchiveCommand(Subcommand):
    name = "archive"
    help = (
        "Moves statements of months long past into files, one archive a month, reads them back, and deletes them from "
        "the store. What rates, records and tiers are made of stays. `import ARCHIVE.manifest.json` brings one back."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--before",
            help="the first month that stays, as 2026-03 (default: as many months as XAPI_KEEP_MONTHS says stay)",
        )
        parser.add_argument("--out", type=Path, required=True, help="the folder for the files; made when missing")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        now = timezone.now()
        months = services.archivable(before=_before(options["before"], now), at=now)
        for month in months:
            stdout.write(f"{month.name}  {month.statements} statements")
        if not months:
            stdout.write("Nothing is to be archived.")
        elif options["dry_run"]:
            stdout.write("Nothing was done: this was a dry run.")
        elif options["yes"] or input("These leave the store. Type yes to go on: ").strip() == "yes":
            self._archive(months, stdout, options)
        else:
            raise CommandError("Nothing was done.")

    def _archive(self, months: list[Month], stdout: OutputWrapper, options: dict[str, Any]) -> None:
        folder: Path = options["out"]
        total = 2 * sum(month.statements for month in months)
        with _bar(total, options) as bar:
            for month in months:
                try:
                    manifest = services.archive_month(
                        month=month, folder=folder, at=timezone.now(), on_progress=bar.update
                    )
                except OSError as error:
                    raise CommandError(f"{folder} cannot be written or read back: {error.strerror}.") from error
                stdout.write(f"{manifest.statements} statements of {month.name} are in {folder / manifest.name}.*")


class HoldCommand(Subcommand):
    name = "hold"
    help = "legal holds: while one is in force, nothing is archived"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        begin = actions.add_parser("begin", help="from now on nothing may leave the store")
        begin.add_argument("--reason", required=True, help="why; shown to who wants to archive, kept in the audit log")
        end = actions.add_parser("end", help="end a hold")
        end.add_argument("number", type=int, help="as `hold list` shows it")
        actions.add_parser("list", help="show all holds, also those that have ended")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        if options["action"] == "begin":
            hold = services.begin_hold(reason=guards.clean_name(options["reason"]), at=timezone.now())
            stdout.write(f"Hold {hold.pk} is in force: nothing is archived until it ends.")
        elif options["action"] == "end":
            held = LegalHold.objects.filter(pk=options["number"]).first()
            if held is None:
                raise CommandError(f"There is no hold {options['number']}. `manage.py xapi hold list` shows all.")
            services.end_hold(hold=held, at=timezone.now())
            stdout.write(f"Hold {held.pk} has ended.")
        else:
            for hold in LegalHold.objects.order_by("pk"):
                until = f"{hold.ended_at:%Y-%m-%d}" if hold.ended_at else "today"
                stdout.write(f"{hold.pk}  {hold.begun_at:%Y-%m-%d} to {until}  {hold.reason}")


def restore(path: Path, stdout: OutputWrapper, options: dict[str, Any]) -> None:
    """What `import` does with a manifest. Raises BrokenArchive, OSError."""
    manifest = Manifest.read(path)
    with _bar(manifest.statements, options) as bar:
        found = services.restore_archive(
            manifest=manifest, folder=path.parent, at=timezone.now(), on_progress=bar.update
        )
    stdout.write(
        f"{manifest.statements} statements: {found.stored} brought back, {found.known} known, {found.refused} refused."
    )
    if found.refused:
        raise CommandError("Other statements are stored under the ids of those that were refused.")


def _before(text: str | None, now: datetime) -> datetime:
    """The first instant of the month that is named, or of the oldest of those that the setting keeps."""
    if text is None:
        if not settings.XAPI_KEEP_MONTHS:
            raise CommandError("Say --before, or set XAPI_KEEP_MONTHS.")
        months = now.year * 12 + now.month - 1 - settings.XAPI_KEEP_MONTHS
        return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    if not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", text):
        raise CommandError(f"{text} is not a month such as 2026-03.")
    return datetime(int(text[:4]), int(text[5:]), 1, tzinfo=UTC)


def _bar(total: int, options: dict[str, Any]) -> "tqdm[Any]":
    is_quiet = None if options.get("verbosity", 1) else True
    return tqdm(total=total, unit=" statements", file=sys.stderr, disable=is_quiet)
