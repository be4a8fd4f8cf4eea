"""Earlier decisions of people, to be compared with: by words, clause and scenario."""

from django.db.models import Q

from lms.common import guards
from lms.deals.models import DealMove, DealMoveQuerySet
from lms.deals.moves import DECISIONS


def precedents(*, text: str = "", clause: str = "") -> DealMoveQuerySet:
    """Decisions of people with a reason, newest first. Every word of `text` stands in the reason, the customer or the
    need."""
    # "overrule" is the other half of a "settle", with the same words.
    found = DealMove.objects.filter(move__in=DECISIONS - {"overrule"}, by__isnull=False)
    if clause:
        found = found.filter(clause=clause[:5])
    for word in guards.clean_search_query(text).split():
        found = found.filter(
            Q(text__icontains=word) | Q(deal__customer_name__icontains=word) | Q(deal__need__icontains=word)
        )
    return found.select_related("deal__partner", "deal__rules", "by").order_by("-at", "-pk")
