"""Tables that people upload: the rows of a CSV file or of the first sheet of a workbook, as texts, within limits."""

import csv
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl

from lms.common.archives import Archive, Limits, is_archive, open_archive
from lms.common.guards import UnsafeInput, check_text

_DELIMITERS = ",;\t"
_UNPACKED = 30  # times the bytes that may be uploaded
_BLANK = 10  # times the rows that may be filled: a reader makes up those between two that are far apart
# An apostrophe that keeps spreadsheets from calculating, as lms.common.guards.clean_cell puts it there.
_QUOTED = re.compile(r"'\s*[=+\-@\t\r＝＋－＠]")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much of a table is read. Rows are counted without the headings and without empty ones."""

    max_bytes: int
    max_rows: int
    max_columns: int = 60
    max_cell: int = 2_000


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the table. `number` is the one a spreadsheet or editor shows: the headings stand in line 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Headings and rows; each row has as many cells as there are headings."""

    headings: tuple[str, ...]
    lines: tuple[Line, ...]

    def named(self, *columns: str) -> list[tuple[int, dict[str, str]]]:
        """(number of the line, cells by column) of each row, for a file whose headings are given.

        Headings are the same in any case and order; others are left out. Raises UnsafeInput for one that is missing.
        """
        places = {heading.lower(): place for place, heading in reversed(list(enumerate(self.headings)))}
        missing = [column for column in columns if column not in places]
        if missing:
            raise UnsafeInput(f"The first line names the columns {', '.join(columns)}. Missing: {', '.join(missing)}.")
        return [(line.number, {column: line.cells[places[column]] for column in columns}) for line in self.lines]


def read_table(data: bytes, bounds: Bounds) -> Table:
    """The table of a CSV file (UTF-8; comma, semicolon or tab) or of an XLSX workbook's first sheet.

    Formulas are read as the value that was calculated last, days as ISO 8601, numbers with all their digits. What
    `clean_cell` put before a formula is taken off again. Raises UnsafeInput, with the row where there is one, for what
    cannot be read and for what is more than the bounds; nothing is cut off.
    """
    _check_size(data, bounds)
    rows = _xlsx_rows(data, bounds) if is_archive(data) else _csv_rows(data)
    headings: tuple[str, ...] = ()
    lines: list[Line] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if not headings:
            headings = _headings(cells, bounds)
        elif len(lines) == bounds.max_rows:
            raise UnsafeInput(f"The file has more than {bounds.max_rows:,} rows. Split it.")
        else:
            lines.append(Line(number=number, cells=_fitted(number, cells, len(headings), bounds)))
    if not headings or not lines:
        raise UnsafeInput("The file has no rows below its headings.")
    return Table(headings=headings, lines=tuple(lines))


def _check_size(data: bytes, bounds: Bounds) -> None:
    if len(data) > bounds.max_bytes:
        raise UnsafeInput(f"The file has more than {bounds.max_bytes / 1_000_000:g} MB. Split it.")


def csv_text(data: bytes, bounds: Bounds) -> str:
    """The file as CSV text that a form can show and send again: CSV as it is, a workbook's rows under their numbers,
    each on one line.

    Raises UnsafeInput as `read_table` does for what cannot be read or has too many bytes; the rows are not counted.
    """
    _check_size(data, bounds)
    if not is_archive(data):
        return _decoded(data)
    text = io.StringIO(newline="")
    rows = ([" ".join(cell.split()) for cell in _trimmed(cells)] for _, cells in _xlsx_rows(data, bounds))
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().rstrip("\n") + "\n"


def _trimmed(cells: list[str]) -> list[str]:
    """Without the blank ones at the end."""
    filled = [place for place, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: filled[-1] if filled else 0]


def _headings(cells: list[str], bounds: Bounds) -> tuple[str, ...]:
    cells = _trimmed(cells)
    if len(cells) > bounds.max_columns:
        raise UnsafeInput(f"The file has {len(cells)} columns; at most {bounds.max_columns} are read.")
    return tuple(
        " ".join(check_text(cell).split())[:100] or f"Column {place}" for place, cell in enumerate(cells, start=1)
    )


def _fitted(number: int, cells: list[str], width: int, bounds: Bounds) -> tuple[str, ...]:
    """As many cells as there are headings. Raises UnsafeInput for a filled cell without one."""
    if any(cell.strip() for cell in cells[width:]):
        raise UnsafeInput(f"Row {number} has more cells than there are headings. Is a cell with a comma unquoted?")
    try:
        kept = [check_text(_unquoted(cell)).strip() for cell in cells[:width]]
    except UnsafeInput as error:
        raise UnsafeInput(f"Row {number}: {error.message}") from error
    if any(len(cell) > bounds.max_cell for cell in kept):
        raise UnsafeInput(f"Row {number} has a cell of more than {bounds.max_cell:,} characters.")
    return (*kept, *[""] * (width - len(kept)))


def _unquoted(cell: str) -> str:
    return cell[1:] if _QUOTED.match(cell) else cell


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnsafeInput(f"The file is not UTF-8 (byte {error.start}). Save it as “CSV UTF-8”.") from error


def _csv_rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(data)
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise UnsafeInput(f"Row {before + 1} cannot be read as CSV: {error}.") from error


def _xlsx_rows(data: bytes, bounds: Bounds) -> Iterator[tuple[int, list[str]]]:
    limit = bounds.max_bytes * _UNPACKED
    archive = open_archive(data, Limits(packed_bytes=bounds.max_bytes, unpacked_bytes=limit))
    if "xl/workbook.xml" not in archive:
        raise UnsafeInput("This is no CSV file and no XLSX workbook.")
    for number, cells in sheet_rows(data, archive, most_columns=bounds.max_columns + 1):
        if number > _BLANK * bounds.max_rows:
            raise UnsafeInput(f"The sheet goes on to row {number:,} and beyond. Delete what stands so far below.")
        yield number, cells


def sheet_rows(data: bytes, archive: Archive, *, most_columns: int) -> Iterator[tuple[int, list[str]]]:
    """(number, cells) of the first sheet's rows as texts; `archive` is the opened `data`.

    What is packed is unpacked under the archive's limits first; then openpyxl reads XML by defusedxml. Raises
    UnsafeInput.
    """
    for name in archive:
        archive.read(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            for number, row in enumerate(sheet.iter_rows(max_col=most_columns, values_only=True), start=1):
                yield number, [_text(cell) for cell in row]
    except Exception as error:
        raise UnsafeInput("The workbook cannot be read.") from error


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return f"{Decimal(repr(cell)).normalize():f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
