"""Reports as files. Every figure and every table goes with its window, its freshness, its filter and its definition."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain
from typing import NamedTuple

from django.conf import settings

from certifications.pdf import Paper
from lms.common import exports
from lms.portal.reports.model import Basis, Cell, Report, Table, in_words

FIGURE_COLUMNS = (*("Figure", "Value", "Numerator", "Denominator", "Since", "Until", "As of", "Filter", "Definition"),)
_BASIS_COLUMNS = ("Since", "Until", "As of", "Filter")
_ROWS_ON_PAPER = 200


class File(NamedTuple):
    """A report on its way: its pieces, its media type and the end of its name."""

    pieces: Iterable[bytes | str]
    content_type: str
    suffix: str


def as_file(report: Report, *, form: str, table: str = "") -> File:
    """The report as "csv", "xlsx" or "pdf"; CSV holds the figures, or the rows of the `table` of that key.

    Raises KeyError for a form or a table that there is not.
    """
    return FORMATS[form](report, table)


def _csv(report: Report, table: str) -> File:
    rows = _table_rows(report.by_key[table]) if table else _figure_rows(report)
    return File(exports.csv_lines(rows), exports.CSV, f"-{table}.csv" if table else ".csv")


def _xlsx(report: Report, table: str) -> File:
    sheets = chain(
        [("Figures", _figure_rows(report))],
        ((one.title, chain(_head_rows(one), one.iterate())) for one in report.tables),
    )
    return File(exports.in_pieces(exports.xlsx_file(sheets)), exports.XLSX, ".xlsx")


def _figure_rows(report: Report) -> Iterator[Sequence[Cell]]:
    yield FIGURE_COLUMNS
    for figure in report.figures:
        counts = (figure.numerator, figure.denominator)
        yield (figure.label, figure.value, *counts, *_basis(figure.basis), figure.definition)


def _table_rows(table: Table) -> Iterator[Sequence[Cell]]:
    """For machines: what the figures rest on stands in each row."""
    basis = _basis(table.basis)
    yield (*table.columns, *_BASIS_COLUMNS)
    for row in table.iterate():
        yield (*row, *basis)


def _head_rows(table: Table) -> Iterator[Sequence[Cell]]:
    """For people: it stands once, above."""
    yield (table.title,)
    yield (table.basis.words,)
    yield (table.definition,)
    yield ()
    yield tuple(table.columns)


def _basis(basis: Basis) -> tuple[str, str, str, str]:
    return (_iso(basis.since), _iso(basis.until), _iso(basis.as_of), basis.narrowed)


def _iso(at: datetime | date | None) -> str:
    return "" if at is None else at.isoformat()


def _pdf(report: Report, table: str) -> File:
    """For reading: long tables are left out, and of the others what comes after 200 rows."""
    country = report.partner.country if report.partner is not None else ""
    paper = Paper(
        title=report.title,
        author=settings.VENDOR_NAME,
        subject=f"{settings.SITE_NAME}: {report.title}",
        made_at=report.made_at,
        country=country,
    )
    paper.paragraph(f"Made on {report.made_at:%d %B %Y, %H:%M %Z}.", is_quiet=True)
    for figure in report.figures:
        paper.heading(f"{figure.label}: {figure.value}")
        if figure.denominator is not None:
            paper.paragraph(figure.parts)
        paper.paragraph(figure.basis.words, is_quiet=True)
        paper.paragraph(figure.definition, is_quiet=True)
    for one in report.tables:
        if not one.is_long:
            _set_table(paper, one)
    return File([paper.save()], "application/pdf", ".pdf")


def _set_table(paper: Paper, table: Table) -> None:
    rows = [[in_words(cell) for cell in row] for row in table.shown[:_ROWS_ON_PAPER]]
    paper.heading(table.title)
    paper.paragraph(table.basis.words, is_quiet=True)
    paper.paragraph(table.definition, is_quiet=True)
    if not rows:
        paper.paragraph("Nothing in this window.")
        return
    paper.table(table.columns, rows, widths=[_width(column, rows) for column in range(len(table.columns))])
    left = len(table.shown) - len(rows)
    if left > 0:
        paper.paragraph(f"{left} more rows stand in the spreadsheet.", is_quiet=True)


def _width(column: int, rows: list[list[str]]) -> int:
    return min(max(max(len(row[column]) for row in rows), 9), 36)


FORMATS: dict[str, Callable[[Report, str], File]] = {"csv": _csv, "xlsx": _xlsx, "pdf": _pdf}
