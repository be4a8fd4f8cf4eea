"""How deal registration is used, and by whom. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from lms.deals.models import Comment, Deal, DealMove, Task
from lms.deals.moves import OPEN, State
from lms.partners.models import Partner


@dataclass(frozen=True, kw_only=True)
class Use:
    """Of the deals registered in a period: how many there are, and how many had ended, and were won, at its end."""

    registered: int
    closed: int
    won: int
    partners: int


def use_of_registration(*, since: datetime, until: datetime, partner: Partner | None = None) -> Use:
    """Of one partner or of all; `partners` is how many registered something. What became of the deals is read from the
    log of their moves as of `until`, so a period that is over has the same figures for ever. One query."""
    deals = Deal.objects.filter(registered_at__gte=since, registered_at__lt=until).as_of(until)
    if partner is not None:
        deals = deals.filter(partner=partner)
    counted = deals.aggregate(
        registered=Count("pk"),
        closed=Count("pk", filter=~Q(state_then__in=sorted(OPEN))),
        won=Count("pk", filter=Q(state_then=State.WON)),
        partners=Count("partner", distinct=True),
    )
    return Use(**counted)


def touched_a_deal(*, since: datetime, until: datetime, partner: Partner | None = None) -> Q:
    """A condition on people: who registered a deal in the period, moved one, said something about one, or added or
    finished a task of one; of one partner's deals or of all."""
    deals = Deal.objects.all() if partner is None else Deal.objects.filter(partner=partner)
    period = (since, until)
    of_deals = {"deal__in": deals}
    moves = DealMove.objects.filter(**of_deals, at__gte=period[0], at__lt=period[1], by__isnull=False)
    comments = Comment.objects.filter(**of_deals, written_at__gte=period[0], written_at__lt=period[1])
    added = Task.objects.filter(**of_deals, added_at__gte=period[0], added_at__lt=period[1])
    done = Task.objects.filter(**of_deals, done_at__gte=period[0], done_at__lt=period[1], done_by__isnull=False)
    registered = deals.filter(registered_at__gte=period[0], registered_at__lt=period[1])
    return (
        Q(pk__in=registered.values("registered_by"))
        | Q(pk__in=moves.values("by"))
        | Q(pk__in=comments.values("author"))
        | Q(pk__in=added.values("added_by"))
        | Q(pk__in=done.values("done_by"))
    )
