"""What a report is made of: figures and tables, each with its window, its freshness and its filter."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from lms.partners.models import Partner

Cell = str | int | date | None


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a figure rests on: the window [since, until), the newest statement in it, and the filter in words."""

    since: datetime | date
    until: datetime | date
    as_of: datetime | None
    narrowed: str

    @property
    def words(self) -> str:
        """ "1 Dec 2025 to 1 Dec 2026 (exclusive) · all partners, … · as of 30 Nov 2026, 09:12 UTC"."""
        fresh = "no statement yet" if self.as_of is None else f"as of {_moment(self.as_of)} UTC"
        return f"{_moment(self.since)} to {_moment(self.until)} (exclusive) · {self.narrowed} · {fresh}"


def _moment(at: datetime | date) -> str:
    if not isinstance(at, datetime):
        return f"{at.day} {at:%b %Y}"
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y}" + ("" if at.time().isoformat() == "00:00:00" else f", {at:%H:%M}")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number with all that is needed to understand it. `value` is shown; "not known" where there is none."""

    key: str
    label: str
    value: str
    numerator: int | None = None
    denominator: int | None = None
    is_share: bool = True
    definition: str
    basis: Basis

    @property
    def parts(self) -> str:
        """What the value is made of: "3 of 4" for a share, "7 ÷ 3" for a rate; "" for a plain number."""
        if self.denominator is None:
            return ""
        return f"{self.numerator} {'of' if self.is_share else '÷'} {self.denominator}"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under heads. `rows` may be a function that yields them: for those too many for a page (`is_long`)."""

    key: str
    title: str
    definition: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]] | Callable[[], Iterable[Sequence[Cell]]]
    basis: Basis
    is_long: bool = False

    def iterate(self) -> Iterable[Sequence[Cell]]:
        return self.rows() if callable(self.rows) else self.rows

    @property
    def shown(self) -> Sequence[Sequence[Cell]]:
        """The rows of a table that a page can hold."""
        return () if callable(self.rows) else self.rows


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report as it stands at `made_at`. `kind` is one of `lms.reporting.models.ReportLetter.Report`."""

    kind: str
    title: str
    made_at: datetime
    partner: Partner | None
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]

    @cached_property
    def by_key(self) -> dict[str, Table]:
        return {table.key: table for table in self.tables}

    def figure(self, key: str) -> Figure:
        return next(figure for figure in self.figures if figure.key == key)


def in_words(cell: Cell) -> str:
    """A cell as text: dates as ISO 8601, nothing as a dash."""
    if cell is None:
        return "–"
    return cell.isoformat() if isinstance(cell, date) else str(cell)
