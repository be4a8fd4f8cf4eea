"""Windows of time: the trailing twelve months, the last four whole quarters, three years after a day."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

UNITS = ("days", "weeks", "months", "quarters", "years")
_MONTHS = {"months": 1, "quarters": 3, "years": 12}
LONGEST = 3660


def add_months(day: date, months: int) -> date:
    """So many months later (or earlier); the last day of the month where the day does not exist."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Window:
    """`n` days, weeks, months, quarters or years. `is_whole`: counted in whole calendar months, quarters or years,
    the running one and the `n` before it."""

    n: int
    unit: str
    is_whole: bool = False

    def __str__(self) -> str:
        return f"{self.n} {self.unit if self.n != 1 else self.unit.rstrip('s')}"

    def after(self, day: date) -> date:
        """The day so much later."""
        if self.unit in _MONTHS:
            return add_months(day, self.n * _MONTHS[self.unit])
        return day + timedelta(days=self.n * (7 if self.unit == "weeks" else 1))

    def before(self, day: date) -> date:
        """The day so much earlier."""
        return Window(-self.n, self.unit).after(day)

    def first_day(self, on: date) -> date:
        """The first day of the window that ends with `on`."""
        if not self.is_whole:
            return self.before(on) + timedelta(days=1)
        return add_months(start_of(on, self.unit), -self.n * _MONTHS.get(self.unit, 1))

    def periods(self, on: date) -> Iterator[tuple[date, date]]:
        """The last `n` periods that were over before `on`, newest first: (first day, last day)."""
        if self.unit not in _MONTHS:
            days = timedelta(days=7 if self.unit == "weeks" else 1)
            for _ in range(self.n):
                yield on - days, on - timedelta(days=1)
                on -= days
            return
        start = start_of(on, self.unit)
        for _ in range(self.n):
            end, start = start - timedelta(days=1), add_months(start, -_MONTHS[self.unit])
            yield start, end


def start_of(day: date, unit: str) -> date:
    """The first day of the calendar month, quarter or year; the day itself for shorter units."""
    if unit == "years":
        return day.replace(month=1, day=1)
    if unit == "quarters":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(day=1) if unit == "months" else day
