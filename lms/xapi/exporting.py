"""Statements into files: NDJSON as stored, CSV and Parquet as a table. Streamed: memory does not grow with the store.

NDJSON is whole and can be imported again. The table has the columns of `COLUMNS` only.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import Any, BinaryIO, Protocol

from lms.common import guards
from lms.common.errors import DomainError
from lms.xapi.models import Statement
from lms.xapi.selection import Place, Selection, behind
from lms.xapi.timestamps import format_timestamp

PAGE = 500
_ROWS_AT_ONCE = 20  # a statement may have 2 MB
_ROW_GROUP = 5000
_ROW_GROUP_CHARACTERS = 16_000_000

COLUMNS: Mapping[str, str] = {
    "id": "text",
    "stored": "instant",
    "timestamp": "instant",
    "actor": "text",
    "verb": "text",
    "object": "text",
    "object_name": "text",
    "registration": "text",
    "success": "boolean",
    "completion": "boolean",
    "score_scaled": "number",
    "score_raw": "number",
    "score_max": "number",
    "duration": "text",
    "authority": "text",
    "is_trusted": "boolean",
    "is_voided": "boolean",
}


class MissingExtra(DomainError):
    """A format needs a library that is not installed."""

    code = "missing_extra"


class Writer(Protocol):
    """Takes statements one by one; `close` ends the file, not the stream."""

    def write(self, statement: Statement) -> None: ...

    def close(self) -> None: ...


def export_statements(
    selection: Selection, writer: Writer, *, on_progress: Callable[[int], object] = lambda _: None
) -> int:
    """Writes what matches in stored order and closes the writer. Returns how many. `on_progress` is told each 500.

    Read page by page: what is stored meanwhile is in it if it comes later in the order, unless `until` is set.
    """
    count = 0
    for statement in _stored_order(selection):
        writer.write(statement)
        count += 1
        if count % PAGE == 0:
            on_progress(PAGE)
    on_progress(count % PAGE)
    writer.close()
    return count


def _stored_order(selection: Selection) -> Iterator[Statement]:
    statements = selection.statements().select_related("authority").order_by("stored_at", "pk")
    place: Place | None = None
    while True:
        page = statements.filter(behind(place)) if place else statements
        last = None
        for last in page[:PAGE].iterator(chunk_size=_ROWS_AT_ONCE):
            yield last
        if last is None:
            return
        place = last.stored_at, last.pk


class NdjsonWriter:
    """One statement a line, its text as stored."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, statement: Statement) -> None:
        self._stream.write(statement.body.replace("\n", " ").replace("\r", " ").encode() + b"\n")

    def close(self) -> None:
        """Nothing is open."""


class CsvWriter:
    """A table in UTF-8 with a header, for spreadsheets: no cell is a formula, whoever wrote the statement."""

    def __init__(self, stream: BinaryIO) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
        self._rows = csv.writer(self._text)
        self._rows.writerow(COLUMNS)

    def write(self, statement: Statement) -> None:
        row = flat(statement)
        self._rows.writerow(_csv_cell(row[name], kind) for name, kind in COLUMNS.items())

    def close(self) -> None:
        self._text.detach()


def _csv_cell(value: Any, kind: str) -> Any:
    if value is None:
        return ""
    if kind == "instant":
        return format_timestamp(value)
    if kind == "boolean":
        return "true" if value else "false"
    return value if kind == "number" else guards.clean_cell(value)


class ParquetWriter:
    """The table with the statement's JSON beside it, in row groups. Needs pyarrow (the extra "parquet").

    Raises MissingExtra where it is not installed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        try:
            import pyarrow as arrow
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtra(
                "Parquet needs pyarrow, which is not installed here: pip install pyarrow (about 55 MB). "
                "NDJSON and CSV need nothing."
            ) from error
        kinds = {
            "text": arrow.string(),
            "instant": arrow.timestamp("us", tz="UTC"),
            "number": arrow.float64(),
            "boolean": arrow.bool_(),
        }
        columns = [(name, kinds[kind]) for name, kind in COLUMNS.items()]
        self._arrow, self._schema = arrow, arrow.schema([*columns, ("statement", arrow.string())])
        self._file = parquet.ParquetWriter(stream, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._characters = 0

    def write(self, statement: Statement) -> None:
        self._rows.append(flat(statement) | {"statement": statement.body})
        self._characters += len(statement.body)
        if len(self._rows) >= _ROW_GROUP or self._characters > _ROW_GROUP_CHARACTERS:
            self._write_group()

    def _write_group(self) -> None:
        if self._rows:
            self._file.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._characters = [], 0

    def close(self) -> None:
        self._write_group()
        self._file.close()


FORMATS: Mapping[str, Callable[[BinaryIO], Writer]] = {
    "ndjson": NdjsonWriter,
    "csv": CsvWriter,
    "parquet": ParquetWriter,
}


def flat(statement: Statement) -> dict[str, Any]:
    """The values of `COLUMNS`: text, aware datetimes, floats, booleans; None where the statement is silent."""
    body = json.loads(statement.body)
    target, result = body["object"], body.get("result", {})
    score = result.get("score", {})
    return {
        "id": str(statement.statement_id),
        "stored": statement.stored_at.astimezone(UTC),
        "timestamp": statement.happened_at.astimezone(UTC),
        "actor": agent_text(body["actor"]),
        "verb": body["verb"]["id"],
        "object": _object_text(target),
        "object_name": _first(target.get("definition", {}).get("name")),
        "registration": str(statement.registration) if statement.registration else None,
        "success": result.get("success"),
        "completion": result.get("completion"),
        "score_scaled": _number(score.get("scaled")),
        "score_raw": _number(score.get("raw")),
        "score_max": _number(score.get("max")),
        "duration": result.get("duration"),
        "authority": statement.authority.name,
        "is_trusted": statement.authority.is_trusted,
        "is_voided": statement.voided_by is not None,
    }


def agent_text(agent: Mapping[str, Any]) -> str:
    """What identifies an agent or group, on one line; of an anonymous group its members."""
    if account := agent.get("account"):
        return f"{account['homePage']} {account['name']}"
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if name in agent:
            return str(agent[name])
    return ", ".join(agent_text(member) for member in agent.get("member", ()))


def _object_text(target: Mapping[str, Any]) -> str:
    match target.get("objectType", "Activity"):
        case "Activity" | "StatementRef":
            return str(target["id"])
        case "SubStatement":
            return f"{target['verb']['id']} {_object_text(target['object'])}"
        case _:
            return agent_text(target)


def _first(words: Mapping[str, str] | None) -> str | None:
    return next(iter(words.values()), None) if words else None


def _number(value: float | None) -> float | None:
    """None also for an integer beyond what a float holds."""
    try:
        return None if value is None else float(value)
    except OverflowError:
        return None
