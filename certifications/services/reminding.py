"""Telling holders in time that a credential ends."""

from collections import defaultdict
from datetime import UTC, datetime

from django.db import transaction

from certifications.events import ExpiryReminderDue
from certifications.models import Credential, Reminder
from certifications.progress import expiring
from lms.events.services import emit

DAYS = (90, 60, 30, 7)  # the longest first


def remind_of_expiry(*, at: datetime) -> int:
    """Hands one letter for each person with credentials that reached a next mark to the outbox; returns how many.

    Each credential is told once for each of 90, 60, 30 and 7 days before its last. A mark that was missed (beat stood
    still, it was issued late) is not told afterwards: only the nearest is. Running twice, or twice at once, tells
    nothing twice: the unique row is what makes one. Renewed, revoked and suspended ones are left out.
    """
    on = at.astimezone(UTC).date()
    due: dict[int, list[Credential]] = defaultdict(list)
    told = dict(
        Reminder.objects.filter(credential__expires_on__gte=on).order_by("-days").values_list("credential_id", "days")
    )
    for credential in expiring(on=on, within_days=DAYS[0]).filter(person__is_active=True):
        mark = _mark(credential, at)
        if told.get(credential.pk, DAYS[0] + 1) > mark:
            due[credential.person_id].append(credential)
    return sum(_tell(credentials, at) for credentials in due.values())


def _mark(credential: Credential, at: datetime) -> int:
    """The nearest mark reached."""
    return min(days for days in DAYS if _days_left(credential, at) <= days)


def _days_left(credential: Credential, at: datetime) -> int:
    assert credential.expires_on is not None  # noqa: S101  what `expiring` gives
    return (credential.expires_on - at.astimezone(UTC).date()).days


@transaction.atomic
def _tell(credentials: list[Credential], at: datetime) -> bool:
    """One letter for one person. False when another run told all of it."""
    rows = [Reminder(credential=one, days=_mark(one, at), sent_at=at) for one in credentials]
    before = set(Reminder.objects.filter(credential__in=credentials).values_list("credential_id", "days"))
    Reminder.objects.bulk_create(rows, ignore_conflicts=True)
    new = [row.credential for row in rows if (row.credential_id, row.days) not in before]
    if not new:
        return False
    emit(
        ExpiryReminderDue(
            at=at,
            person_id=new[0].person.public_id,
            credential_ids=tuple(one.public_id for one in new),
            days=min(_days_left(one, at) for one in new),
        )
    )
    return True
