"""Who is to hear what about an asset; and one letter per person and day, of what still holds then."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Q

from lms.accounts.models import User
from lms.assets.dependants import dependants_of
from lms.assets.events import LetterDue
from lms.assets.models import Asset, BrandedCopy, Notice, Reason, State
from lms.assets.services.copy_holders import copies_to_replace
from lms.assets.services.template_use import lost_zones
from lms.events.services import emit

_LAPSED = frozenset({State.EXPIRED, State.OVERDUE})
_GONE = _LAPSED | {State.WITHDRAWN, State.RETIRED}
# Who looks after the library when an owner has left, the first group that has somebody.
_STEWARDS = ("Channel marketing", "Portal managers")


def stewards() -> list[User]:
    """Who looks after the library: channel marketing, and where there is none the portal managers."""
    for group in _STEWARDS:
        found = list(User.objects.filter(is_active=True, groups__name=group).order_by("pk"))
        if found:
            return found
    return []


def keepers_of(assets: Collection[Asset]) -> dict[int, list[User]]:
    """By primary key: the owner, or who looks after the library when he has left. At most two queries more."""
    left = any(not one.owner.is_active for one in assets)
    instead = stewards() if left else []
    return {one.pk: [one.owner] if one.owner.is_active else instead for one in assets}


def note(people: Iterable[User], asset: Asset, reason: Reason, *, about_on: date, at: datetime) -> None:
    """They hear of it in their next letter. The same again changes nothing."""
    rows = [
        Notice(person=one, asset=asset, reason=reason, about_on=about_on, noted_at=at)
        for one in people
        if one.is_active
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def note_pages(assets: Collection[Asset], *, days: dict[int, date], at: datetime) -> None:
    """Owners of live pages that show these assets hear of them; for one who has left, who looks after the library."""
    shown = dependants_of(assets)
    owners = {asset.pk: {page.owner.pk: page.owner for page in shown.get(asset.pk, [])} for asset in assets}
    left = any(not owner.is_active for some in owners.values() for owner in some.values())
    instead = stewards() if left else []
    for asset in assets:
        people: set[User] = set()
        for owner in owners[asset.pk].values():
            people |= {owner} if owner.is_active else set(instead)
        note(people, asset, Reason.PAGE, about_on=days[asset.pk], at=at)


@transaction.atomic
def send_letters(*, at: datetime) -> int:
    """One letter to each person for whom something waits that still holds; how many people. Nobody gets two a day.

    What people did with an asset is told the morning after, so that all of a day is in one letter. What does not hold
    any more is deleted. Locks the notices. Emits LetterDue.
    """
    morning = datetime.combine(at.date(), time.min, tzinfo=at.tzinfo)
    heard = Notice.objects.filter(sent_at__gte=morning).values("person")
    due = Q(reason=Reason.REVIEW) | Q(about_on__lt=at.date())
    waiting = Notice.objects.filter(due, sent_at=None).exclude(person__in=heard).select_for_update(of=("self",))
    rows = list(waiting.select_related("person", "asset__owner", "asset__current").order_by("pk"))
    held = still_true(rows, on=at.date())
    Notice.objects.filter(pk__in={one.pk for one in rows} - {one.pk for one in held}).delete()
    by_person: defaultdict[int, list[Notice]] = defaultdict(list)
    for one in held:
        by_person[one.person_id].append(one)
    Notice.objects.filter(pk__in=[one.pk for one in held]).update(sent_at=at)
    for some in by_person.values():
        emit(LetterDue(at=at, person_id=some[0].person.public_id, notice_ids=tuple(one.pk for one in some)))
    return len(by_person)


def still_true(notices: Collection[Notice], *, on: date) -> list[Notice]:
    """Those that say what is so on the day `on`: the asset was not reviewed, restored or handed over meanwhile."""
    assets = {one.asset_id: one.asset for one in notices}
    keepers, shown = keepers_of(list(assets.values())), dependants_of(list(assets.values()))
    pages = {
        key: {owner.pk for page in some for owner in ([page.owner] if page.owner.is_active else stewards())}
        for key, some in shown.items()
    }
    return [one for one in notices if one.person.is_active and _holds(one, keepers, pages, on)]


def _holds(notice: Notice, keepers: dict[int, list[User]], pages: dict[int, set[int]], on: date) -> bool:
    asset, state = notice.asset, notice.asset.state_on(on)
    if notice.reason == Reason.COPIES:
        return bool(copies_of(notice, on))
    if notice.reason == Reason.PAGE:
        return state in _GONE and notice.person_id in pages.get(asset.pk, set())
    if notice.person not in keepers[asset.pk]:
        return False
    if notice.reason == Reason.ZONES:
        return lost_zones(asset.current) and state != State.RETIRED
    if notice.reason == Reason.LAPSED:
        return asset.lapsed_on(on) == notice.about_on
    return asset.review_on == notice.about_on and state not in {State.WITHDRAWN, State.RETIRED}


def copies_of(notice: Notice, on: date) -> list[BrandedCopy]:
    """The copies of which a notice speaks: of the person's partners, and not to be handed out any more."""
    return copies_to_replace(notice.asset, notice.person, on)
