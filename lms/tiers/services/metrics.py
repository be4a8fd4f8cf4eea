"""Figures of other systems (sales, survey scores, fees): CSV in, checked row by row, stored whole or not at all."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.common.tables import Bounds, read_table
from lms.events.services import emit
from lms.partners.models import Membership, Partner
from lms.tiers.events import PartnerFactsChanged
from lms.tiers.models import ImportedMetric, ProgrammeVersion
from lms.tiers.services.errors import MetricsRefused
from lms.tiers.services.outside import is_own
from lms.tiers.services.programmes import rules_of

COLUMNS = ("partner", "metric", "value", "as_of", "until", "source")
BOUNDS = Bounds(max_bytes=1_000_000, max_rows=5_000)
MAX_SOURCE = 150
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,6})?")
_Key = tuple[int, str, date]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What rows are checked against: partners by short name, those where the importer works himself, and the figures
    that the rules in force work out."""

    partners: dict[str, Partner]
    own: frozenset[str]
    derived: frozenset[str]
    today: date


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


def check_metrics(*, text: str, by: User, at: datetime) -> tuple[MetricRow, ...]:
    """What importing the CSV would do, row by row; stores nothing. Four queries.

    A row that says what was said of that day before, and was corrected since, changes nothing: it is an old file.
    Refused are rows about a partner where `by` works himself.

    Columns: partner (its short name), metric, value (digits and a point, six places at most), as_of (year-month-day),
    until (the last day on which it counts, or empty) and source. Raises MetricsRefused where it is no such table.
    """
    lines = _lines(text)
    known = _known({cells[0] for _, cells in lines}, by, at)
    stored = _by_day(known.partners.values())
    rows: list[MetricRow] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in lines:
        key = (*cells[:2], *cells[3:4])
        problem = _problem(cells, known)
        if not problem and key in seen:
            problem = f"is about the same figure and day as line {seen[key]}"
        seen.setdefault(key, line)
        if problem:
            rows.append(MetricRow(line=line, cells=cells, outcome=problem, is_refused=True))
        else:
            rows.append(_row(line, cells, known.partners[cells[0]], stored))
    return tuple(rows)


@transaction.atomic
def import_metrics(*, text: str, by: User, at: datetime) -> tuple[MetricRow, ...]:
    """Stores what is new in the CSV, all of it or nothing; the same file again stores nothing.

    What was there before stays beside it. Emits PartnerFactsChanged per partner whose figures changed, so that it is
    evaluated. Locks the partners. Raises MetricsRefused when a row is refused, naming the first.
    """
    slugs = {cells[0] for _, cells in _lines(text)}
    list(Partner.objects.select_for_update(of=("self",)).filter(slug__in=slugs).order_by("pk").values_list("pk"))
    rows = check_metrics(text=text, by=by, at=at)
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
    """(line number, cells in the order of COLUMNS) of each row under the heads; rows of blanks are left out."""
    try:
        rows = read_table(text.encode("utf-8", "surrogatepass"), BOUNDS).named(*COLUMNS)
    except guards.UnsafeInput as error:
        raise MetricsRefused(error.message) from error
    return [(line, tuple(cells.values())) for line, cells in rows]


def _known(slugs: set[str], by: User, at: datetime) -> _Known:
    today = at.astimezone(UTC).date()
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    return _Known(
        partners={one.slug: one for one in Partner.objects.filter(slug__in=slugs)},
        own=frozenset(Membership.objects.active(today).filter(person=by).values_list("partner__slug", flat=True)),
        derived=frozenset() if version is None else frozenset(rules_of(version).formulas),
        today=today,
    )


def _problem(cells: tuple[str, ...], known: _Known) -> str:
    """Why a row is refused, to be read after "Line 3"; "" when it is fine."""
    partner, metric, value, as_of, until, source = cells
    if partner not in known.partners:
        return "names no partner: there is none with this short name"
    if partner in known.own:
        return "is about a partner where you work yourself; somebody else has to import it"
    if not 0 < len(source) <= MAX_SOURCE:
        return f"needs a source of {MAX_SOURCE} characters at most"
    return _problem_of_metric(metric, value, known.derived) or _problem_of_days(as_of, until, known.today)


def _problem_of_metric(metric: str, value: str, derived: frozenset[str]) -> str:
    if not _NAME.fullmatch(metric):
        return "names a metric that is not of small letters, digits, - and _"
    if is_own(metric):
        return "has a figure that is computed here and can't be imported"
    if metric in derived:
        return "has a figure that the programme in force works out itself and can't be imported"
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
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _by_day(partners: Iterable[Partner]) -> dict[_Key, list[ImportedMetric]]:
    """What is stored of each day, the one that counts last."""
    found: dict[_Key, list[ImportedMetric]] = defaultdict(list)
    for row in ImportedMetric.objects.filter(partner__in=list(partners)).order_by("pk"):
        found[row.partner_id, row.name, row.as_of].append(row)
    return found


def _says(row: ImportedMetric) -> tuple[Decimal, date | None, str]:
    return row.value, row.until, row.source


def _row(line: int, cells: tuple[str, ...], partner: Partner, stored: dict[_Key, list[ImportedMetric]]) -> MetricRow:
    _, name, value, as_of, until, source = cells
    day = date.fromisoformat(as_of)
    figure = ImportedMetric(
        partner=partner, name=name, value=Decimal(value), as_of=day, until=_day(until), source=source
    )
    before = stored.get((partner.pk, name, day), [])
    if not before:
        return MetricRow(line=line, cells=cells, outcome="new", figure=figure)
    counts = f"{before[-1].value.normalize():f}"
    if _says(before[-1]) == _says(figure):
        return MetricRow(line=line, cells=cells, outcome="unchanged")
    if any(_says(one) == _says(figure) for one in before):
        outcome = f"unchanged: it was corrected to {counts} since. If it is right after all, give another source"
        return MetricRow(line=line, cells=cells, outcome=outcome)
    return MetricRow(line=line, cells=cells, outcome=f"takes the place of {counts}", figure=figure)
