"""The demo's clock: its dates were written for one day and move with today, by whole weeks, so Mondays stay Mondays."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WRITTEN_FOR = date(2026, 11, 21)
FIRST_DAY = date(2025, 5, 12)


@dataclass(frozen=True)
class Calendar:
    """Turns dates of the demo's files into moments, for a demo built on `today`."""

    today: date

    @property
    def shift(self) -> timedelta:
        return timedelta(weeks=(self.today - WRITTEN_FOR).days // 7)

    @property
    def first_morning(self) -> datetime:
        return self.morning(FIRST_DAY)

    @property
    def now(self) -> datetime:
        """The end of the history: this morning, before anybody looks."""
        return datetime.combine(self.today, time(6), UTC)

    def day(self, written: str | date) -> date:
        on = date.fromisoformat(written) if isinstance(written, str) else written
        return on + self.shift

    def morning(self, written: str | date) -> datetime:
        return datetime.combine(self.day(written), time(8), UTC)
