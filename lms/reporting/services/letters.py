"""Reports by letter: wanted by a person, once per week or month, until he ends it."""

from datetime import UTC, date, datetime

from django.db import transaction

from lms.accounts.models import User
from lms.events.services import emit
from lms.partners.models import Partner
from lms.reporting import activity
from lms.reporting.events import ReportDue
from lms.reporting.models import ReportLetter, SentReport
from lms.reporting.rules import PERMISSIONS


@transaction.atomic
def want_letters(*, person: User, report: str, partner: Partner | None, rhythm: str, at: datetime) -> ReportLetter:
    """From now on the person gets the report by letter. Wanting it again only changes how often.

    Locks the person. The first letter comes with the next week or month that begins. May he see the report? The page
    has asked; it is asked again whenever a letter is sent.
    """
    User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    letter = ReportLetter.objects.wanted().filter(person=person, report=report, partner=partner).first()
    if letter is None:
        return ReportLetter.objects.create(person=person, report=report, partner=partner, rhythm=rhythm, wanted_at=at)
    if letter.rhythm != rhythm:
        letter.rhythm, letter.wanted_at = rhythm, at
        letter.save(update_fields=["rhythm", "wanted_at"])
    return letter


@transaction.atomic
def end_letters(*, letter: ReportLetter, at: datetime) -> bool:
    """No more of these letters; False when they had ended before."""
    return ReportLetter.objects.wanted().filter(pk=letter.pk).update(ended_at=at) == 1


def send_due_reports(*, at: datetime) -> int:
    """Emits ReportDue for each letter whose week or month has begun since it was wanted; returns how many.

    Once per letter and period, however often and late it runs: a row tells that it was sent. A period that nobody ran
    in is not made up for.
    """
    return sum(_send(letter, at) for letter in ReportLetter.objects.wanted().order_by("pk"))


@transaction.atomic
def _send(letter: ReportLetter, at: datetime) -> bool:
    period = period_of(letter.rhythm, at)
    if letter.wanted_at.astimezone(UTC).date() >= period:
        return False
    _, is_new = SentReport.objects.get_or_create(letter=letter, period=period, defaults={"sent_at": at})
    if is_new:
        emit(ReportDue(at=at, letter_id=letter.public_id, period=period.isoformat()))
    return is_new


def period_of(rhythm: str, at: datetime) -> date:
    """The Monday, or the first of the month, on which the letter of these days is due (UTC)."""
    today = at.astimezone(UTC).date()
    return activity.week_start(today) if rhythm == ReportLetter.Rhythm.WEEKLY else activity.month_start(today)


def may_have(person: User, letter: ReportLetter) -> bool:
    """Whether the person may (still) see what the letter would say."""
    return person.is_active and person.has_perm(PERMISSIONS[letter.report], letter.partner)
