"""How long something holds, and when it can be renewed."""

import calendar
from datetime import UTC, date, datetime, timedelta

from certifications.models import Certification, Credential

RENEWAL_WINDOW = timedelta(days=90)


def expiry_date(issued_on: date, months: int) -> date | None:
    """The last valid day: the same day of the month so many months later, or that month's last day where it has no
    such day (31 January + 1 month: 28 or 29 February; 29 February + 12 months: 28 February). None for 0 months.
    """
    if not months:
        return None
    years, month = divmod(issued_on.month - 1 + months, 12)
    year, month = issued_on.year + years, month + 1
    return date(year, month, min(issued_on.day, calendar.monthrange(year, month)[1]))


def day_of(at: datetime) -> date:
    """Credentials count in days of UTC, wherever reader and holder are."""
    return at.astimezone(UTC).date()


def is_in_time(credential: Credential, certification: Certification, on: date) -> bool:
    """Whether the short way and continuing points can renew it on the day `on`: from 90 days before the last day until
    the grace days after it are over. A revoked or suspended one is not renewed so."""
    if credential.expires_on is None or credential.revoked_at is not None or credential.suspended_at is not None:
        return False
    return (
        credential.expires_on - RENEWAL_WINDOW <= on <= credential.expires_on + timedelta(days=certification.grace_days)
    )
