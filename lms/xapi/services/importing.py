"""Statements from files: NDJSON, one statement a line.

An import that is killed goes on where it stopped, and an import that is done again changes nothing.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO
from uuid import UUID

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.common.errors import DomainError
from lms.xapi.models import Authority, ImportRun, Statement
from lms.xapi.sameness import said_already
from lms.xapi.services.attachments import check_attachments
from lms.xapi.services.recording import record
from lms.xapi.statements import fact_id
from lms.xapi.validation import Version, check_statement

LINES_AT_ONCE = 200
BYTES_AT_ONCE = 4_000_000
_END_BYTES = 1_000_000
_DEFAULT_VERSION = {Version.V1: "1.0.0", Version.V2: "2.0.0"}


@dataclass(frozen=True, kw_only=True)
class _Line:
    number: int
    statement: dict[str, Any]

    @property
    def id(self) -> UUID:
        return UUID(self.statement["id"])


@dataclass(frozen=True, kw_only=True)
class _Refused:
    """One line that was not stored; `statement` is its id where it has one."""

    line: int
    statement: str
    reason: str


def fingerprint(file: BinaryIO, authority: Authority) -> str:
    """What tells one file for one authority from another: its size, its first and its last megabyte."""
    size = file.seek(0, 2)
    digest = hashlib.sha256(f"{authority.name}\n{size}\n".encode())
    for start in (0, max(size - _END_BYTES, 0)):
        file.seek(start)
        digest.update(file.read(_END_BYTES))
    return digest.hexdigest()


@transaction.atomic
def begin_import(
    *, file: BinaryIO, file_name: str, authority: Authority, at: datetime, again: bool = False, by: User | None = None
) -> ImportRun:
    """The run of this file for this authority: where it stopped, or from the start, also `again` when it was done.

    Writes an audit entry for a new one.
    """
    run, is_new = ImportRun.objects.get_or_create(
        fingerprint=fingerprint(file, authority),
        defaults={"file_name": file_name[:255], "authority": authority, "began_at": at},
    )
    if again and not is_new:
        run.finished_at, run.began_at = None, at
        run.bytes_read = run.lines_read = run.stored = run.known = run.refused = run.report_bytes = 0
        run.save()
    if is_new:
        detail: dict[str, object] = {"file": run.file_name, "authority": authority.name}
        record_audit(action="xapi.import_statements", actor=by, at=at, target=run, detail=detail)
    return run


def import_statements(
    *,
    run: ImportRun,
    file: BinaryIO,
    report: Path,
    at: datetime,
    version: Version = Version.V1,
    on_progress: Callable[[int], object] = lambda _: None,
) -> ImportRun:
    """Stores the statements of a file from where the run stands, under the run's authority.

    Each line passes the same validator as a request (of the version it names, else `version`). A line that is refused
    is reported with its number and reason, as a line of JSON in `report`, and stops nobody. What is stored already
    under its id with equal content is left as it is. A statement without an id gets one made of its content, so equal
    lines are one statement. 200 lines and the place behind them are committed together, and the report is cut back to
    what was committed before it is written on. `on_progress` is told how many bytes were read.
    """
    began = monotonic()
    file.seek(run.bytes_read)
    with report.open("ab") as refusals:
        refusals.truncate(min(run.report_bytes, refusals.seek(0, 2)))
        refusals.seek(0, 2)
        for lines, broken, count, place in _chunks(file, run, version):
            before = run.bytes_read
            now = at + timedelta(seconds=monotonic() - began)
            with transaction.atomic():
                known = _known(lines)
                same = said_already([line.statement for line in lines])
                refused = _record([line for line in lines if line.id not in same], run.authority, now, version)
                _write_report(refusals, broken + refused)
                run.lines_read, run.bytes_read, run.report_bytes = count, place, refusals.tell()
                _count(run, lines, known, broken, refused)
                run.save()
            on_progress(place - before)
    run.finished_at = at + timedelta(seconds=monotonic() - began)
    run.save(update_fields=["finished_at"])
    return run


def _count(
    run: ImportRun, lines: list[_Line], known: set[UUID], broken: list[_Refused], refused: list[_Refused]
) -> None:
    culprits = {one.line for one in refused}
    taken = [line.id for line in lines if line.number not in culprits]
    new = set(taken) - known
    run.stored += len(new)
    run.known += len(taken) - len(new)
    run.refused += len(broken) + len(refused)


def _chunks(file: BinaryIO, run: ImportRun, version: Version) -> Iterator[tuple[list[_Line], list[_Refused], int, int]]:
    """Up to 200 lines or about 4 MB: the readable statements, the other lines, and the number and place behind them."""
    count = run.lines_read
    while True:
        lines: list[_Line] = []
        broken: list[_Refused] = []
        size, start = 0, count
        while count - start < LINES_AT_ONCE and size < BYTES_AT_ONCE:
            text, length = _read_line(file)
            if not length:
                break
            count, size = count + 1, size + length
            if text is None or text.strip():
                _sort_out(text, count, version, run.authority, lines, broken)
        if count == start:
            return
        yield lines, broken, count, file.tell()


def _read_line(file: BinaryIO) -> tuple[bytes | None, int]:
    """A line and its length; None in its place when it is longer than is read. No length at the end of the file."""
    text = file.readline(guards.MAX_JSON_BYTES + 2)
    length = len(text)
    if length <= guards.MAX_JSON_BYTES or text.endswith(b"\n"):
        return text, length
    while rest := file.readline(guards.MAX_JSON_BYTES):
        length += len(rest)
        if rest.endswith(b"\n"):
            break
    return None, length


def _sort_out(
    text: bytes | None,
    number: int,
    version: Version,
    authority: Authority,
    lines: list[_Line],
    broken: list[_Refused],
) -> None:
    statement: Any = None
    try:
        if text is None:
            raise guards.UnsafeInput(f"The line has more than {guards.MAX_JSON_BYTES} bytes.")
        statement = guards.load_json(text.strip())
        check_statement(statement, _version_of(statement, version))
        check_attachments([statement], {})
    except DomainError as error:
        named = statement.get("id", "") if isinstance(statement, dict) else ""
        broken.append(_Refused(line=number, statement=str(named)[:100], reason=error.message))
    else:
        if "id" not in statement:
            statement["id"] = str(fact_id(UUID(int=authority.pk), json.dumps(statement, sort_keys=True)))
        lines.append(_Line(number=number, statement=statement))


def _version_of(statement: Any, default: Version) -> Version:
    """The version that a statement names: 2.0 has more to say than 1.0.3."""
    named = statement.get("version") if isinstance(statement, dict) else None
    if isinstance(named, str):
        return Version.V2 if named.startswith("2.") else Version.V1
    return default


def _known(lines: list[_Line]) -> set[UUID]:
    """The ids that are stored already, with whatever content."""
    found = Statement.objects.filter(statement_id__in={line.id for line in lines})
    return set(found.values_list("statement_id", flat=True))


def _record(lines: list[_Line], authority: Authority, at: datetime, version: Version) -> list[_Refused]:
    """Records the lines, halving what is refused as a whole until each culprit is found."""
    if not lines:
        return []
    try:
        with transaction.atomic():
            record(
                [line.statement for line in lines],
                authority=authority,
                at=at,
                default_version=_DEFAULT_VERSION[version],
            )
    except DomainError as error:
        if len(lines) == 1:
            line = lines[0]
            return [_Refused(line=line.number, statement=line.statement["id"], reason=error.message)]
        middle = len(lines) // 2
        return _record(lines[:middle], authority, at, version) + _record(lines[middle:], authority, at, version)
    return []


def _write_report(report: BinaryIO, refused: list[_Refused]) -> None:
    for one in sorted(refused, key=lambda item: item.line):
        entry = {"line": one.line, "id": one.statement, "reason": one.reason}
        report.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    report.flush()
