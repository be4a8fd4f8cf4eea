"""Visits and active minutes from the marks of a day."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.reporting import activity


def marks(*slots: int) -> int:
    return sum(1 << slot for slot in slots)


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ((), (0, 0)),
        ((0,), (1, 5)),
        ((287,), (1, 5)),
        ((10, 11, 12), (1, 15)),
        ((10, 12), (1, 15)),  # five minutes of pause count
        ((10, 14), (1, 20)),  # of fifteen minutes of pause ten count
        ((10, 17), (1, 20)),  # thirty minutes are still the same visit
        ((10, 18), (2, 10)),  # more are not, and none of them counts
        ((0, 100, 102, 200), (3, 25)),
    ],
)
def test_visits_and_minutes_of_a_day(slots, expected):
    assert activity.visits_and_minutes(marks(*slots)) == expected


@given(st.sets(st.integers(0, activity.SLOTS - 1)))
def test_active_time_is_between_the_marks_alone_and_the_marks_with_ten_minutes_each(slots):
    visits, minutes = activity.visits_and_minutes(marks(*slots))
    assert 5 * len(slots) <= minutes <= 15 * len(slots)
    assert visits <= len(slots)
    assert (visits == 0) == (not slots)


@given(st.sets(st.integers(0, activity.SLOTS - 1)))
def test_stored_marks_come_back(slots):
    stored = activity.to_bytes(marks(*slots))
    assert len(stored) == activity.SIZE
    assert activity.from_bytes(memoryview(stored)) == marks(*slots)


def test_a_mark_is_of_the_day_in_utc():
    late = datetime(2026, 11, 17, 1, 4, 59, tzinfo=timezone(timedelta(hours=2)))
    assert activity.mark(late) == (date(2026, 11, 16), 1 << 276)
    assert activity.mark(datetime(2026, 11, 16, 0, 5, tzinfo=UTC)) == (date(2026, 11, 16), 2)


def test_weeks_begin_on_monday_and_months_reach_over_years():
    assert activity.week_start(date(2026, 11, 22)) == date(2026, 11, 16)
    assert activity.months_before(date(2026, 1, 31), 1) == date(2025, 12, 1)
    assert activity.months_before(date(2026, 12, 5), -1) == date(2027, 1, 1)
