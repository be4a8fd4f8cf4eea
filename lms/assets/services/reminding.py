"""Who keeps an asset hears in time that it is to be reviewed, and with all who depend on it that it lapsed."""

from datetime import date, datetime, timedelta

from django.db import transaction

from lms.assets.models import Asset, BrandedCopy, Notice, Reason
from lms.assets.services.copy_holders import holders_of
from lms.assets.services.notices import keepers_of, note, note_pages

AHEAD = timedelta(days=14)


@transaction.atomic
def note_reviews(*, at: datetime) -> None:
    """Who keeps an asset that is to be reviewed within two weeks, or should have been, hears it in his next letter.

    Of each review day he hears once; a new owner hears it too. Lapsed ones are told of by `note_lapses`, and one that
    is withdrawn gets a new review day when it comes back.
    """
    on = at.date()
    due = Asset.objects.overdue(on + AHEAD + timedelta(days=1)).filter(withdrawn_at=None)
    assets = list(due.exclude(pk__in=Asset.objects.lapsed(on).values("pk")).select_related("owner").order_by("pk"))
    keepers = keepers_of(assets)
    for asset in assets:
        note(keepers[asset.pk], asset, Reason.REVIEW, about_on=asset.review_on, at=at)


@transaction.atomic
def note_lapses(*, at: datetime) -> int:
    """Who keeps an asset that lapsed by the calendar hears it, and so do owners of pages that show it and holders of
    co-branded copies: once per day on which it lapsed. Returns how many are lapsed.
    """
    on = at.date()
    assets = list(Asset.objects.lapsed(on).select_related("owner").order_by("pk"))
    days = {one.pk: lapsed for one in assets if (lapsed := one.lapsed_on(on)) is not None}
    keepers = keepers_of(assets)
    for asset in assets:
        note(keepers[asset.pk], asset, Reason.LAPSED, about_on=days[asset.pk], at=at)
    note_pages(assets, days=days, at=at)
    for asset in _unheard(assets, days):
        copies = BrandedCopy.objects.filter(template__version__asset=asset, told_at=None).select_related("made_by")
        note(holders_of(copies, on), asset, Reason.COPIES, about_on=days[asset.pk], at=at)
    return len(assets)


def _unheard(assets: list[Asset], days: dict[int, date]) -> list[Asset]:
    """Those of whose lapse no holder of a copy has heard: a lapsed one is copied no more, so once is enough."""
    heard = Notice.objects.filter(asset__in=assets, reason=Reason.COPIES).values_list("asset_id", "about_on")
    told = set(heard)
    return [one for one in assets if (one.pk, days[one.pk]) not in told]
