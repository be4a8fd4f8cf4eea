"""Who holds a partner's copies of an asset, and which of them should not be handed out any more."""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from lms.accounts.models import User
from lms.assets.branding.errors import TooManyCopies
from lms.assets.models import Asset, BrandedCopy, CopyState
from lms.partners.models import Membership


@transaction.atomic
def tell_holders(*, asset: Asset, at: datetime) -> list[User]:
    """Who is to hear that copies of the asset are replaced or withdrawn. Of a replacement a copy's holder hears once,
    for which the copy is marked; of a withdrawal always, whatever he was told before. Copies that nobody holds stay
    unmarked, and so do those of suspended partners, whose people cannot come to take another. Locks the copies.
    """
    outdated = BrandedCopy.objects.outdated(asset).filter(partner__suspended_at=None)
    if asset.is_gone:
        return holders_of(outdated.select_related("made_by"), at.date())
    untold = outdated.filter(told_at=None).select_related("made_by").select_for_update(of=("self",)).order_by("pk")
    held = [(copy.pk, person) for copy in untold if (person := _holder(copy, at.date())) is not None]
    BrandedCopy.objects.filter(pk__in=[key for key, _ in held]).update(told_at=at)
    return _once(person for _, person in held)


def holders_of(copies: Iterable[BrandedCopy], on: date) -> list[User]:
    """Who made each, while he works for the partner; after he left, a manager of the partner. Nobody twice, and
    nobody of a suspended partner.
    """
    return _once(person for copy in copies if (person := _holder(copy, on)) is not None)


def _once(people: Iterable[User]) -> list[User]:
    found = {person.pk: person for person in people}
    return [found[key] for key in sorted(found)]


def _holder(copy: BrandedCopy, on: date) -> User | None:
    here = Membership.objects.active(on).filter(
        partner=copy.partner_id, partner__suspended_at=None, person__is_active=True
    )
    if here.filter(person=copy.made_by_id).exists():
        return copy.made_by
    manager = here.managers().select_related("person").order_by("pk").first()
    return manager.person if manager else None


def copies_in_hand(assets: Collection[Asset]) -> dict[int, int]:
    """How many copies of each were made, by the asset's primary key; none where there are none. One query."""
    made = BrandedCopy.objects.filter(template__version__asset__in=assets).values_list("template__version__asset")
    return dict(made.annotate(count=Count("pk")).order_by())


def require_room(copy: BrandedCopy) -> None:
    """Raises TooManyCopies when with this one the partner's copies have more bytes than there is room for.

    Those of a retired asset do not count: nobody gets their files any more, for good, and their partner can delete
    none. Those of one that is only withdrawn do, as it may come back.
    """
    made = BrandedCopy.objects.filter(partner=copy.partner, template__version__asset__retired_at=None)
    kept = made.aggregate(size=Sum("size"))["size"] or 0
    if kept + copy.size > settings.COPY_BYTES_PER_PARTNER:
        raise TooManyCopies(
            f"The copies of {copy.partner.name} would have more than the {settings.COPY_BYTES_PER_PARTNER // 1_000_000}"
            " MB there is room for. Nothing was made. Use one you have, or ask who runs this site for more room."
        )


def copies_to_replace(asset: Asset, person: User, on: date) -> list[BrandedCopy]:
    """Copies of the asset that partners of the person made and that do not hold on the day `on`. One query."""
    mine = Membership.objects.active(on).filter(person=person, partner__suspended_at=None).values("partner")
    made = BrandedCopy.objects.filter(template__version__asset=asset, partner__in=mine)
    rows = made.select_related("template__version__asset", "partner").order_by("pk")
    return [copy for copy in rows if copy.state_on(on) != CopyState.CURRENT]
