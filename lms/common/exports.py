"""Tables as files that spreadsheets open: streamed, and no cell is taken for a formula."""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import IO, Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from lms.common import guards

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_CELL = 32_767  # characters (Excel)
_SHEET_NAME = 31


class _Echo:
    """What csv.writer writes to: each line is handed back, so that it can be streamed."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """RFC 4180, line by line as the rows come; dates as ISO 8601, None as an empty cell.

    Begins with a byte order mark: without it spreadsheets misread every name outside ASCII.
    """
    writer, mark = csv.writer(_Echo()), "\ufeff"
    for row in rows:
        yield mark + writer.writerow([_text(cell) for cell in row])
        mark = ""


def _text(cell: Any) -> Any:
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else guards.clean_cell(cell)


def xlsx_file(sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> IO[bytes]:
    """A workbook with a sheet per (name, rows), in a temporary file that is gone once it is closed.

    Rows go to disk as they come, so the memory does not grow with them. Texts are stored as texts, whatever they begin
    with; moments as UTC without a zone, which spreadsheets don't have.
    """
    book = openpyxl.Workbook(write_only=True)
    for name, rows in sheets:
        sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed by whoever sends it
    book.save(file)
    file.seek(0)
    return file


def _sheet_name(name: str, taken: Sequence[str]) -> str:
    kept = "".join(character for character in guards.clean_name(name) if character not in "[]:*?/\\'") or "Sheet"
    kept = kept[:_SHEET_NAME]
    return kept if kept not in taken else f"{kept[: _SHEET_NAME - 3]} {len(taken)}"


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, str(guards.clean_cell(value))[:_MAX_CELL])
    cell.data_type = "s"  # openpyxl takes a leading = for a formula
    return cell


def in_pieces(file: IO[bytes], size: int = 64 * 1024) -> Iterator[bytes]:
    """The file's bytes; it is closed at the end."""
    with file:
        while piece := file.read(size):
            yield piece
