"""Who holds a partner's copies of an asset, and which of them should not be handed out any more."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import Count

from lms.accounts.models import User
from lms.assets.models import Asset, BrandedCopy, CopyState
from lms.partners.models import Membership


@transaction.atomic
def tell_holders(*, asset: Asset, at: datetime) -> list[BrandedCopy]:
    """Marks copies of the asset that are replaced or withdrawn as told of, and returns them: of each a holder hears
    once. Locks them.
    """
    outdated = BrandedCopy.objects.outdated(asset).filter(told_at=None).select_related("partner", "made_by")
    found = list(outdated.select_for_update(of=("self",)).order_by("pk"))
    BrandedCopy.objects.filter(pk__in=[copy.pk for copy in found]).update(told_at=at)
    return found


def holders_of(copies: Iterable[BrandedCopy], on: date) -> list[User]:
    """Who made each, while he works for the partner; after he left, a manager of the partner. Nobody twice."""
    people = {person.pk: person for copy in copies if (person := _holder(copy, on)) is not None}
    return [people[key] for key in sorted(people)]


def _holder(copy: BrandedCopy, on: date) -> User | None:
    here = Membership.objects.active(on).filter(partner=copy.partner_id, person__is_active=True)
    if here.filter(person=copy.made_by_id).exists():
        return copy.made_by
    manager = here.managers().select_related("person").order_by("pk").first()
    return manager.person if manager else None


def copies_in_hand(assets: Collection[Asset]) -> dict[int, int]:
    """How many copies of each were made, by the asset's primary key; none where there are none. One query."""
    made = BrandedCopy.objects.filter(template__version__asset__in=assets).values_list("template__version__asset")
    return dict(made.annotate(count=Count("pk")).order_by())


def copies_to_replace(asset: Asset, person: User, on: date) -> list[BrandedCopy]:
    """Copies of the asset that partners of the person made and that do not hold on the day `on`. One query."""
    mine = Membership.objects.active(on).filter(person=person).values("partner")
    made = BrandedCopy.objects.filter(template__version__asset=asset, partner__in=mine)
    rows = made.select_related("template__version__asset").order_by("pk")
    return [copy for copy in rows if copy.state_on(on) != CopyState.CURRENT]
