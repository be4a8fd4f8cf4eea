"""`manage.py xapi import` and `export`: statements in files."""

import gzip
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.core.management.base import CommandError, OutputWrapper
from django.utils import timezone
from tqdm import tqdm

from lms.common import guards
from lms.xapi import services
from lms.xapi.agents import actor_key
from lms.xapi.commands.archive import restore
from lms.xapi.commands.base import Subcommand, instant
from lms.xapi.exporting import FORMATS, NdjsonWriter, export_statements
from lms.xapi.models import ImportRun
from lms.xapi.selection import Selection
from lms.xapi.services.credentials import authority_named
from lms.xapi.validation import Version, check_agent_query, check_iri


class ImportCommand(Subcommand):
    name = "import"
    help = (
        "Stores the statements of a file: NDJSON, one statement a line, also compressed (.gz). What is invalid is "
        "reported with line number and reason, and stops nobody. An import that is killed goes on where it stopped; "
        "one that is done again changes nothing. The manifest of an archive brings the archive back as it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--authority", help="who vouches for the statements; made when there is none")
        parser.add_argument(
            "--trusted", action="store_true", help="a new authority's completions count in rates and tiers"
        )
        parser.add_argument(
            "--version", default="1.0.3", choices=[*Version], help="of statements that name none (default: 1.0.3)"
        )
        parser.add_argument("--report", type=Path, help="where refused lines are told (default: FILE.refused.ndjson)")
        parser.add_argument("--again", action="store_true", help="read a file from the start that was imported before")

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        path: Path = options["file"]
        if path.name.endswith(".manifest.json"):
            _restore(path, stdout, options)
            return
        if not options["authority"]:
            raise CommandError("Say --authority: somebody must vouch for the statements.")
        report: Path = options["report"] or path.with_name(f"{path.name}.refused.ndjson")
        authority = authority_named(guards.clean_name(options["authority"]), is_trusted=options["trusted"])
        try:
            with _reading(path) as file:
                run = services.begin_import(
                    file=file, file_name=path.name, authority=authority, at=timezone.now(), again=options["again"]
                )
                if run.finished_at:
                    stdout.write(f"{path.name} was imported on {run.finished_at:%d %B %Y}; --again reads it once more.")
                    return
                self._read(run, file, report, options)
        except OSError as error:
            raise CommandError(f"{path} cannot be read or {report} cannot be written: {error.strerror}.") from error
        stdout.write(f"{run.lines_read} lines: {run.stored} stored, {run.known} known, {run.refused} refused.")
        if run.refused:
            stdout.write(f"{report} says why.")
        else:
            report.unlink(missing_ok=True)

    def _read(self, run: ImportRun, file: BinaryIO, report: Path, options: dict[str, Any]) -> None:
        size = file.seek(0, 2)
        with _bar(total=size, initial=run.bytes_read, unit="B", unit_scale=True, **_quiet(options)) as bar:
            services.import_statements(
                run=run,
                file=file,
                report=report,
                version=Version(options["version"]),
                at=timezone.now(),
                on_progress=bar.update,
            )


class ExportCommand(Subcommand):
    name = "export"
    help = (
        "Writes statements to a file, oldest first: NDJSON as stored (which `import` reads again), or CSV or Parquet "
        "as a table. Without a filter all, voided ones too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="ends with .ndjson, .csv or .parquet; - is the screen (NDJSON)")
        parser.add_argument("--format", choices=[*FORMATS], help="where the file's ending does not say it")
        parser.add_argument("--since", help="stored after, as 2027-03-12T09:30:00Z")
        parser.add_argument("--until", help="stored up to (default: now)")
        parser.add_argument("--verb", action="append", default=[], help="only this verb (IRI); may be repeated")
        parser.add_argument(
            "--activity", action="append", default=[], help="only about this activity (IRI); repeatable"
        )
        parser.add_argument("--agent", help="only of this actor: JSON, or an e-mail address")
        parser.add_argument("--registration", help="only of this registration (UUID)")
        parser.add_argument(
            "--trusted-only", action="store_true", help="only what counts in rates and tiers may be made of"
        )

    def handle(self, *, stdout: OutputWrapper, stderr: OutputWrapper, **options: Any) -> None:
        path: Path = options["file"]
        form = options["format"] or path.suffix.removeprefix(".")
        selection = _selection(options)
        if str(path) == "-":
            export_statements(selection, NdjsonWriter(cast(BinaryIO, _Text(stdout))))
            return
        if form not in FORMATS:
            raise CommandError(f"Say --format {', '.join(FORMATS)}: the file's ending is none of them.")
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file, _bar(unit=" statements", **_quiet(options)) as bar:
                count = export_statements(selection, FORMATS[form](file), on_progress=bar.update)
            part.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            part.unlink(missing_ok=True)
        stdout.write(f"{count} statements are in {path}.")


def _selection(options: dict[str, Any]) -> Selection:
    for iri in (*options["verb"], *options["activity"]):
        check_iri(iri)
    try:
        registration = UUID(options["registration"]) if options["registration"] else None
    except ValueError as error:
        raise CommandError("The registration is not a UUID.") from error
    return Selection(
        verbs=tuple(options["verb"]),
        activities=tuple(options["activity"]),
        agent=_agent(options["agent"]),
        registration=registration,
        since=instant(options["since"]),
        until=instant(options["until"]) or timezone.now(),
        is_trusted_only=options["trusted_only"],
    )


def _agent(text: str | None) -> UUID | None:
    if text is None:
        return None
    agent = guards.load_json(text) if text.lstrip().startswith("{") else {"mbox": f"mailto:{text}"}
    check_agent_query(agent)
    return actor_key(agent)


def _restore(path: Path, stdout: OutputWrapper, options: dict[str, Any]) -> None:
    try:
        restore(path, stdout, options)
    except OSError as error:
        raise CommandError(f"{error.filename or path} cannot be read: {error.strerror}.") from error


def _reading(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path) if path.suffix == ".gz" else path.open("rb"))


def _quiet(options: dict[str, Any]) -> dict[str, Any]:
    """No bar where nobody looks, and none with --verbosity 0."""
    return {"file": sys.stderr, "disable": None if options.get("verbosity", 1) else True}


def _bar(**options: Any) -> "tqdm[Any]":
    return tqdm(**options)


class _Text:
    """Bytes for a stream that takes text."""

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        self._stream.write(data.decode(), ending="")
        return len(data)
