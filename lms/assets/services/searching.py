"""What people look for in vain is what is missing."""

from datetime import datetime, timedelta

from django.db import transaction

from lms.accounts.models import User
from lms.assets.models import Asset, MissedSearch, MissedSearchAsker
from lms.common.guards import clean_search_query

MIN_LENGTH = 3
MAX_PER_PERSON = 200
WINDOW = timedelta(days=90)


@transaction.atomic
def note_miss(*, words: str, person: User, at: datetime) -> MissedSearch | None:
    """Remembers that the person found nothing for the words; None when they say nothing, or when he brought too many.

    A person counts once per words. Nobody fills the list alone: in 90 days he puts 200 different words on it at most;
    for words that stand on it he always counts. Asked in vain after it was answered, it is open again.
    """
    normalised = " ".join(sorted(set(clean_search_query(words).casefold().split())))[:100]
    if len(normalised) < MIN_LENGTH:
        return None
    search = MissedSearch.objects.filter(words=normalised).first()
    if search is None:
        lately = MissedSearchAsker.objects.filter(person=person, last_at__gt=at - WINDOW)
        if lately.count() >= MAX_PER_PERSON:
            return None
        search, _ = MissedSearch.objects.get_or_create(words=normalised, defaults={"last_at": at})
    MissedSearchAsker.objects.update_or_create(search=search, person=person, defaults={"last_at": at})
    if MissedSearch.objects.filter(pk=search.pk, last_at__lt=at).update(last_at=at):
        search.last_at = at
    return search


@transaction.atomic
def answer_miss(*, search: MissedSearch, asset: Asset, by: User, at: datetime) -> None:
    """Says which asset answers the words. Nothing is sent to those who asked."""
    search.answer, search.answered_at, search.answered_by = asset, at, by
    search.save(update_fields=["answer", "answered_at", "answered_by"])


@transaction.atomic
def reopen_miss(*, search: MissedSearch, by: User, at: datetime) -> bool:
    """Says that the answer is none after all; it stands beside the words all the same. Whether it was answered."""
    changed = MissedSearch.objects.answered().filter(pk=search.pk).update(reopened_at=at, reopened_by=by)
    search.refresh_from_db()
    return bool(changed)
