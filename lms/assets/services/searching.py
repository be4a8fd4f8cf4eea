"""What people look for in vain is what is missing."""

from datetime import datetime

from django.db import transaction

from lms.accounts.models import User
from lms.assets.models import Asset, MissedSearch, MissedSearchAsker
from lms.common.guards import clean_search_query

MIN_LENGTH = 3
MAX_PER_PERSON = 200


@transaction.atomic
def note_miss(*, words: str, person: User, at: datetime) -> MissedSearch | None:
    """Remembers that the person found nothing for the words; None when they say nothing.

    A person counts once per words, and for at most 200 different ones: nobody fills the list alone. Asked in vain
    after it was answered, it is open again.
    """
    normalised = " ".join(sorted(set(clean_search_query(words).casefold().split())))
    if len(normalised) < MIN_LENGTH:
        return None
    if MissedSearchAsker.objects.filter(person=person).count() >= MAX_PER_PERSON:
        return None
    search, is_new = MissedSearch.objects.get_or_create(words=normalised[:100], defaults={"last_at": at})
    MissedSearchAsker.objects.get_or_create(search=search, person=person)
    if not is_new:
        search.last_at = at
        search.save(update_fields=["last_at"])
    return search


@transaction.atomic
def answer_miss(*, search: MissedSearch, asset: Asset, by: User, at: datetime) -> None:
    """Says which asset answers the words. Nothing is sent to those who asked."""
    search.answer, search.answered_at, search.answered_by = asset, at, by
    search.save(update_fields=["answer", "answered_at", "answered_by"])
