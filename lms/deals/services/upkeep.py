"""What time does to deals: reminders, expiry, and the next level when one did not decide in time. Run by beat."""

from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import transaction

from lms.deals.errors import IllegalMove
from lms.deals.events import ProtectionEnding
from lms.deals.models import Deal, EngagementRules, Reminder
from lms.deals.moves import State
from lms.deals.services import steps
from lms.deals.services.each import each
from lms.events.services import emit


def expire_deals(*, at: datetime) -> int:
    """Ends what is over: protection after its last day (UTC), and a question nobody answered in the days the rules
    give. Returns how many; twice changes nothing.
    """
    over = Deal.objects.protected().filter(protected_until__lt=at.astimezone(UTC).date())
    count = each(over.order_by("protected_until", "pk"), partial(_expire, text="Protection is over.", at=at))
    for version in EngagementRules.objects.filter(deals__state=State.INFO_NEEDED).distinct():
        since = at - timedelta(days=version.rules.info_days)
        unanswered = Deal.objects.filter(state=State.INFO_NEEDED, rules=version, state_since__lte=since)
        text = f"The question was not answered in {version.rules.info_days} days."
        count += each(unanswered.order_by("pk"), partial(_expire, text=text, at=at))
    return count


@transaction.atomic
def _expire(deal: Deal, *, text: str, at: datetime) -> bool:
    state, until = deal.state, deal.protected_until
    steps.lock_customer(deal)
    deal = steps.locked(deal)
    if (deal.state, deal.protected_until) != (state, until):  # moved or extended in between
        return False
    steps.advance(deal, "expire", by=None, at=at, text=text, level=0, answer_due_at=None)
    steps.pass_on(deal, at=at)
    return True


def remind_of_protection(*, at: datetime) -> int:
    """Tells partners so many days ahead as the rules say, each once per last day; only the nearest of several is told.
    Returns how many are new. Emits ProtectionEnding.
    """
    on = at.astimezone(UTC).date()
    told = 0
    for version in EngagementRules.objects.filter(deals__in=Deal.objects.protected()).distinct():
        marks = version.rules.reminder_days
        near = Deal.objects.protected().filter(rules=version, protected_until__gte=on)
        near = near.filter(protected_until__lte=on + timedelta(days=max(marks, default=-1)))
        told += each(near.order_by("pk"), partial(_tell, marks=marks, at=at))
    return told


@transaction.atomic
def _tell(deal: Deal, *, marks: tuple[int, ...], at: datetime) -> bool:
    assert deal.protected_until is not None  # noqa: S101  protected deals have one
    left = (deal.protected_until - at.astimezone(UTC).date()).days
    days = min(mark for mark in marks if left <= mark)
    _, is_new = Reminder.objects.get_or_create(
        deal=deal, protected_until=deal.protected_until, days=days, defaults={"sent_at": at}
    )
    if is_new:
        emit(ProtectionEnding(at=at, deal_id=deal.public_id, days=days))
    return is_new


def escalate_overdue(*, at: datetime) -> int:
    """Hands conflicts and disputes whose level did not decide in time one level up. The last level keeps them, late.
    Returns how many.
    """
    late = Deal.objects.filter(state__in=[State.IN_CONFLICT, State.DISPUTED], answer_due_at__lt=at)
    return each(late.order_by("pk"), partial(_escalate, at=at))


@transaction.atomic
def _escalate(deal: Deal, *, at: datetime) -> bool:
    deal = steps.locked(deal)
    level = deal.level + 1
    if deal.answer_due_at is None or deal.answer_due_at >= at or level > len(deal.rules.rules.escalation):
        return False
    move = "escalate" if deal.state == State.DISPUTED else "escalate_conflict"
    try:
        steps.advance(deal, move, by=None, at=at, level=level, answer_due_at=steps.level_due(deal, level, at))
    except IllegalMove:  # decided since it was found
        return False
    return True
