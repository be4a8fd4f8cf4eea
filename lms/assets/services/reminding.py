"""Owners hear in time which of their assets are to be reviewed."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from lms.assets.events import ReviewsDue
from lms.assets.models import Asset
from lms.events.services import emit

AHEAD = timedelta(days=14)


@transaction.atomic
def remind_owners(*, at: datetime) -> int:
    """Tells each owner, in one letter, which assets are to be reviewed within two weeks or are late.

    Of each review day he hears once, so running it again sends nothing. Returns how many owners are told. Locks the
    assets it tells of. Emits ReviewsDue.
    """
    due = (
        Asset.objects.select_for_update(of=("self",))
        .overdue((at + AHEAD).date() + timedelta(days=1))
        .filter(Q(told_of_review_on=None) | ~Q(told_of_review_on=F("review_on")))
        .order_by("review_on", "pk")
    )
    by_owner: defaultdict[int, list[Asset]] = defaultdict(list)
    for asset in due:
        by_owner[asset.owner_id].append(asset)
    for assets in by_owner.values():
        emit(ReviewsDue(at=at, asset_ids=tuple(one.public_id for one in assets)))
    told = [one.pk for assets in by_owner.values() for one in assets]
    Asset.objects.filter(pk__in=told).update(told_of_review_on=F("review_on"))
    return len(by_owner)
