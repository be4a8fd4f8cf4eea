"""Published stories as a partner's person finds them. Reads only."""

from django.db.models import QuerySet
from wagtail.search.backends import get_search_backend

from lms.accounts.models import User
from lms.common.guards import clean_search_query
from lms.deals.models import Deal, WinStory

WITH_STORY = ("deal__partner", "deal__rules")


def find_stories(user: User, words: str = "") -> list[WinStory]:
    """What is shown to the person today, the newest first; with words those that hold each, best first.

    The search index knows words only. Whether a story is shown is asked of the table, so that what was taken down is
    found by nobody from that moment on.
    """
    shown = newest_stories(user)
    if not words:
        return list(shown)
    query = clean_search_query(words)
    rows = {one.pk: one for one in shown} if query else {}
    if not rows:
        return []
    hits = get_search_backend().search(query, WinStory.objects.all(), operator="and")
    return [rows[one.pk] for one in hits if one.pk in rows]


def newest_stories(user: User) -> QuerySet[WinStory]:
    """What is shown to the person today, the newest first."""
    return WinStory.objects.shown_to(user).select_related(*WITH_STORY).order_by("-state_since", "-pk")


def stories_for(deal: Deal, user: User) -> QuerySet[WinStory]:
    """How others won with the product of this deal."""
    return newest_stories(user).filter(deal__product=deal.product).exclude(deal=deal)
