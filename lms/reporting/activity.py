"""When people were active: five-minute slots of a day, and what visits and active time they make. Pure.

A day (UTC) has 288 slots of five minutes; a statement about something that a person did marks the slot in which it
happened. The marks of a day are one number, slot 0 its lowest bit, so the same statement marks the same slot however
often and in whatever order it comes. From the marks follow

- visits: runs of marked slots with at most 30 minutes without a mark in between;
- active minutes: five for each marked slot, and of each pause within a visit at most ten, so who leaves a page open
  over lunch is not active meanwhile.

A visit over midnight UTC counts on both days.
"""

import re
from datetime import UTC, date, datetime, timedelta

SLOT_MINUTES = 5
SLOTS = 24 * 60 // SLOT_MINUTES
SIZE = SLOTS // 8  # bytes of a stored day
PAUSE_SLOTS = 6
IDLE_SLOTS = 2
_PAUSES = re.compile("0+")

RULE = (
    f"A day is cut into slots of {SLOT_MINUTES} minutes; what a person does marks its slot. A visit ends after "
    f"{PAUSE_SLOTS * SLOT_MINUTES} minutes without a mark. Active time is {SLOT_MINUTES} minutes per marked slot and "
    f"at most {IDLE_SLOTS * SLOT_MINUTES} minutes of each pause within a visit."
)


def mark(at: datetime) -> tuple[date, int]:
    """The day and the mark of a moment."""
    moment = at.astimezone(UTC)
    return moment.date(), 1 << ((moment.hour * 60 + moment.minute) // SLOT_MINUTES)


def visits_and_minutes(marks: int) -> tuple[int, int]:
    """How many visits the marks of one day are, and how many minutes of them were active."""
    if not marks:
        return 0, 0
    if not marks & (marks - 1):  # one slot, as most are
        return 1, SLOT_MINUTES
    bits = f"{marks:b}".rstrip("0")
    pauses = [len(pause) for pause in _PAUSES.findall(bits)]
    counted = bits.count("1") + sum(min(pause, IDLE_SLOTS) for pause in pauses if pause <= PAUSE_SLOTS)
    return 1 + sum(pause > PAUSE_SLOTS for pause in pauses), counted * SLOT_MINUTES


def week_start(day: date) -> date:
    """The Monday of the day's week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


def month_start(day: date) -> date:
    return day.replace(day=1)


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months before that of `month`."""
    year, number = divmod(month.year * 12 + month.month - 1 - count, 12)
    return date(year, number + 1, 1)


def to_bytes(marks: int) -> bytes:
    return marks.to_bytes(SIZE, "little")


def from_bytes(stored: bytes | memoryview) -> int:
    return int.from_bytes(bytes(stored), "little")
