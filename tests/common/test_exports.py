"""Files that spreadsheets open: nothing is taken for a formula, control characters are gone, rows stream."""

import csv
import io
from datetime import UTC, date, datetime

import openpyxl
import pytest

from lms.common import exports

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "a\x07b"]


def test_csv_neutralises_and_quotes():
    rows = [HOSTILE, ["a,b", 'say "x"', None, 3, date(2026, 11, 16)]]
    read = list(csv.reader(io.StringIO("".join(exports.csv_lines(rows)).removeprefix("\ufeff"), newline="")))
    assert all(cell.startswith("'") for cell in read[0][:6])
    assert read[0][6] == "ab"
    assert read[1] == ["a,b", 'say "x"', "", "3", "2026-11-16"]


def test_csv_comes_row_by_row():
    def endless():
        while True:
            yield ["x"]

    assert next(iter(exports.csv_lines(endless()))) == "\ufeffx\r\n"


def test_xlsx_holds_texts_as_texts():
    moment = datetime(2026, 11, 16, 10, tzinfo=UTC)
    rows = [[*HOSTILE, 5, None, moment, "x" * 40_000]]
    content = b"".join(exports.in_pieces(exports.xlsx_file([("A sheet", rows), ("A sheet", []), ("[]:*", [])]), 100))
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = next(book["A sheet"].iter_rows())
    assert {cell.data_type for cell in cells[:7]} == {"s"}
    assert [cell.value for cell in cells[6:10]] == ["ab", 5, None, moment.replace(tzinfo=None)]
    assert len(cells[10].value) == 32_767
    assert book.sheetnames == ["A sheet", "A sheet 1", "Sheet"]


@pytest.mark.parametrize("name", ["x" * 60, "=cmd"])
def test_a_sheet_has_a_name_that_may_be(name):
    with exports.xlsx_file([(name, [["a"]])]) as file:
        book = openpyxl.load_workbook(file)
    assert len(book.sheetnames[0]) <= 31
