"""Figures of other systems (sales, survey scores, fees): CSV in, checked row by row, stored whole or not at all."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit
from lms.partners.models import Partner
from lms.tiers.events import PartnerFactsChanged
from lms.tiers.models import ImportedMetric
from lms.tiers.services.errors import MetricsRefused
from lms.tiers.services.outside import is_own

COLUMNS = ("partner", "metric", "value", "as_of", "until", "source")
MAX_CHARACTERS, MAX_ROWS, MAX_SOURCE = 1_000_000, 5_000, 150
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_NUMBER = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,6})?")
_Key = tuple[int, str, date]


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """One line of the file and what comes of it: "new", "takes the place of 3", "unchanged", or why it is refused.

    `figure` is what will be stored; None where nothing will.
    """

    line: int
    cells: tuple[str, ...]
    outcome: str
    figure: ImportedMetric | None = None
    is_refused: bool = False


def check_metrics(*, text: str, at: datetime) -> tuple[MetricRow, ...]:
    """What importing the CSV would do, row by row; stores nothing. Two queries.

    Columns: partner (its short name), metric, value (digits and a point, six places at most), as_of (year-month-day),
    until (the last day on which it counts, or empty) and source. Raises MetricsRefused where it is no such table.
    """
    lines = _lines(text)
    partners = {one.slug: one for one in Partner.objects.filter(slug__in={cells[0] for _, cells in lines})}
    stored = _newest_by_day(partners.values())
    rows: list[MetricRow] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in lines:
        key = (*cells[:2], *cells[3:4])
        problem = _problem(cells, partners, at)
        if not problem and key in seen:
            problem = f"is about the same figure and day as line {seen[key]}"
        seen.setdefault(key, line)
        if problem:
            rows.append(MetricRow(line=line, cells=cells, outcome=problem, is_refused=True))
        else:
            rows.append(_row(line, cells, partners[cells[0]], stored))
    return tuple(rows)


@transaction.atomic
def import_metrics(*, text: str, by: User, at: datetime) -> tuple[MetricRow, ...]:
    """Stores what is new in the CSV, all of it or nothing; the same file again stores nothing.

    What was there before stays beside it. Emits PartnerFactsChanged per partner whose figures changed, so that it is
    evaluated. Locks the partners. Raises MetricsRefused when a row is refused, naming the first.
    """
    slugs = {cells[0] for _, cells in _lines(text)}
    list(Partner.objects.select_for_update(of=("self",)).filter(slug__in=slugs).order_by("pk").values_list("pk"))
    rows = check_metrics(text=text, at=at)
    refused = [row for row in rows if row.is_refused]
    if refused:
        more = f" {len(refused)} rows are refused." if len(refused) > 1 else ""
        raise MetricsRefused(f"Line {refused[0].line} {refused[0].outcome}.{more} Nothing was imported.")
    figures = [row.figure for row in rows if row.figure is not None]
    for figure in figures:
        figure.imported_at, figure.imported_by = at, by
    ImportedMetric.objects.bulk_create(figures)
    partners = {figure.partner_id: figure.partner.public_id for figure in figures}
    emit(*(PartnerFactsChanged(at=at, partner_id=partners[pk]) for pk in sorted(partners)))
    record_audit(action="tiers.import_metrics", actor=by, at=at, detail={"rows": len(rows), "stored": len(figures)})
    return rows


def _lines(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """(line number, cells) of each row under the heads; rows of blanks are left out."""
    if len(text) > MAX_CHARACTERS:
        raise MetricsRefused("The file is longer than a million characters. Import it in parts.")
    try:
        content = guards.check_text(text).removeprefix("\ufeff")
    except guards.UnsafeInput as error:
        raise MetricsRefused(error.message) from error
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        heads = tuple(cell.strip().lower() for cell in next(reader, []))
        if heads != COLUMNS:
            raise MetricsRefused(f"The first line has to be: {','.join(COLUMNS)}")
        rows = [(reader.line_num, tuple(cell.strip() for cell in row)) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise MetricsRefused(f"Line {reader.line_num} is no CSV: {error}.") from error
    if len(rows) > MAX_ROWS:
        raise MetricsRefused(f"There are {len(rows)} rows; {MAX_ROWS} are imported at once at most.")
    return rows


def _problem(cells: tuple[str, ...], partners: dict[str, Partner], at: datetime) -> str:
    """Why a row is refused, to be read after "Line 3"; "" when it is fine."""
    if len(cells) != len(COLUMNS):
        return f"has {len(cells)} cells, not {len(COLUMNS)}"
    partner, metric, value, as_of, until, source = cells
    if partner not in partners:
        return "names no partner: there is none with this short name"
    if not 0 < len(source) <= MAX_SOURCE:
        return f"needs a source of {MAX_SOURCE} characters at most"
    return _problem_of_metric(metric, value) or _problem_of_days(as_of, until, at.astimezone(UTC).date())


def _problem_of_metric(metric: str, value: str) -> str:
    if not _NAME.fullmatch(metric):
        return "names a metric that is not of small letters, digits and underscores"
    if is_own(metric):
        return "has a figure that is computed here and can't be imported"
    if not value:
        return "has no value: leave the row out, since not known is not zero"
    return "" if _NUMBER.fullmatch(value) else "has a value that is no number such as 1234.5"


def _problem_of_days(as_of: str, until: str, today: date) -> str:
    day, last = _day(as_of), _day(until)
    if day is None or day > today:
        return "has an as_of that is no day up to today such as 2026-11-30"
    if until and (last is None or last < day):
        return "has an until that is no day from as_of on"
    return ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-30") else None
    except ValueError:
        return None


def _newest_by_day(partners: Iterable[Partner]) -> dict[_Key, ImportedMetric]:
    rows = ImportedMetric.objects.filter(partner__in=list(partners)).order_by("imported_at", "pk")
    return {(row.partner_id, row.name, row.as_of): row for row in rows}


def _row(line: int, cells: tuple[str, ...], partner: Partner, stored: dict[_Key, ImportedMetric]) -> MetricRow:
    _, name, value, as_of, until, source = cells
    day = date.fromisoformat(as_of)
    figure = ImportedMetric(
        partner=partner, name=name, value=Decimal(value), as_of=day, until=_day(until), source=source
    )
    before = stored.get((partner.pk, name, day))
    if before is None:
        return MetricRow(line=line, cells=cells, outcome="new", figure=figure)
    if (before.value, before.until, before.source) == (figure.value, figure.until, figure.source):
        return MetricRow(line=line, cells=cells, outcome="unchanged")
    return MetricRow(line=line, cells=cells, outcome=f"takes the place of {before.value.normalize():f}", figure=figure)
