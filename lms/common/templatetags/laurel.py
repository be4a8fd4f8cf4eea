"""Tags and filters available in every template without `{% load %}`."""

from datetime import date, datetime, timedelta

from django import template
from django.utils import formats, timezone

register = template.Library()


@register.filter
def day(value: date | datetime | None) -> str:
    """ "12 March 2027"; empty for None."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date()
    return formats.date_format(value, "j F Y")


def _distance(days: int) -> str:
    """A span of whole days in the largest unit that stays honest: days to 60, months to two years, then years."""
    count, unit = (
        (days, "day") if days <= 60 else (round(days / 30.44), "month") if days < 730 else (days // 365, "year")
    )
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


@register.filter
def day_with_distance(value: date | datetime | None) -> str:
    """ "12 March 2027 (in 4 months)", "12 March 2026 (8 months ago)"; empty for None.

    A moment counts by the reader's days, a day by those of the calendar by which things hold: UTC.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        on, now_on = timezone.localtime(value).date(), timezone.localdate()
    else:
        on, now_on = value, timezone.now().date()
    days = (on - now_on).days
    if days == 0:
        words = "today"
    elif days > 0:
        words = f"in {_distance(days)}"
    else:
        words = f"{_distance(-days)} ago"
    return f"{day(on)} ({words})"


@register.filter
def days_until(value: date | None) -> int | None:
    """Whole days from today (UTC, by which things hold); negative when past."""
    return None if value is None else (value - timezone.now().date()).days


@register.filter
def percent(value: float | None) -> str:
    """A share from 0 to 1 as a whole percentage, rounded down so that 399 of 400 is never 100%."""
    return "" if value is None else f"{int(value * 100 + 1e-9)}%"


@register.filter
def waited(value: timedelta | None) -> str:
    """A time somebody waited, rounded up: "40 minutes", "5 hours", "3 days"; empty for None."""
    if value is None:
        return ""
    minutes = max(1, -(-int(value.total_seconds()) // 60))
    unit, size = ("minute", 1) if minutes < 90 else ("hour", 60) if minutes < 48 * 60 else ("day", 24 * 60)
    count = -(-minutes // size)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
