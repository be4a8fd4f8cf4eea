"""Deals as rows of a file: in constant memory, with nothing that a spreadsheet would take for a formula."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import openpyxl
from django.db.models import QuerySet
from openpyxl.cell import WriteOnlyCell

from lms.common import guards
from lms.deals.models import Deal

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = (
    "id",
    "partner",
    "customer",
    "domain",
    "country",
    "product",
    "value",
    "currency",
    "close_month",
    "need",
    "next_step",
    "state",
    "registered_at",
    "registered_by",
    "protected_until",
    "clause",
)
CHUNK = 500
_BLOCK = 64 * 1024


def rows(deals: QuerySet[Deal]) -> Iterator[list[str]]:
    """A row per deal, newest first, all text and each cell harmless. Decimals with a point, days as ISO 8601."""
    yield list(HEADINGS)
    wanted = deals.select_related("partner", "registered_by", "rules").order_by("-registered_at", "-pk")
    for deal in wanted.iterator(chunk_size=CHUNK):
        cells = (
            deal.public_id,
            deal.partner.name,
            deal.customer_name,
            deal.customer_domain,
            deal.customer_country,
            deal.product,
            f"{deal.value:f}",
            deal.currency,
            f"{deal.close_month:%Y-%m}",
            deal.need,
            deal.next_step,
            deal.state,
            deal.registered_at.isoformat(),
            deal.registered_by.name,
            deal.protected_until or "",
            deal.clause,
        )
        yield [str(guards.clean_cell(str(cell))) for cell in cells]


class _Echo:
    """What csv.writer writes to: each line is handed back, so that it can be streamed."""

    def write(self, line: str) -> str:
        return line


def as_csv(lines: Iterable[list[str]]) -> Iterator[str]:
    """UTF-8 with a byte order mark, which spreadsheets need to read names."""
    writer: Any = csv.writer(_Echo())
    yield "\ufeff"
    for line in lines:
        yield writer.writerow(line)


def as_xlsx(lines: Iterable[list[str]]) -> Iterator[bytes]:
    """Every cell is text: openpyxl would store "=1+1" as a formula."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Deals")
    for line in lines:
        sheet.append([_text_cell(sheet, value) for value in line])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block


def _text_cell(sheet: Any, value: str) -> Any:
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell
