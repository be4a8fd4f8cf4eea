"""What follows for co-branded copies when their master changes."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from lms.accounts.models import User
from lms.assets.events import AssetWithdrawn, VersionAdded
from lms.assets.models import Asset, AssetVersion, BrandedCopy
from lms.assets.services.branding import carry_template
from lms.assets.services.template_use import tell_holders
from lms.common.letters import send_letter
from lms.events.services import subscribe
from lms.partners.models import Membership


@subscribe(VersionAdded)
def follow_new_file(event: VersionAdded) -> None:
    """Zones go over to the new file where they fit; holders of copies of an older one are told."""
    version = AssetVersion.objects.filter(asset__public_id=event.asset_id, number=event.number).first()
    if version is not None:
        carry_template(version=version, at=event.at)
        tell_of(version.asset, event.at)


@subscribe(AssetWithdrawn)
def tell_of_withdrawal(event: AssetWithdrawn) -> None:
    asset = Asset.objects.filter(public_id=event.asset_id).first()
    if asset is not None:
        tell_of(asset, event.at)


def tell_of(asset: Asset, at: datetime) -> None:
    """One letter to each person who made copies of the asset that are out of date now, of whom none told before."""
    by_person: dict[int, list[BrandedCopy]] = {}
    for copy in tell_holders(asset=asset, at=at):
        person = _holder(copy, at)
        if person is not None:
            by_person.setdefault(person.pk, []).append(copy)
    people = User.objects.in_bulk(by_person)
    for key, copies in sorted(by_person.items()):
        _send(people[key], asset, len(copies))


def _holder(copy: BrandedCopy, at: datetime) -> User | None:
    """Who made it, while he works for the partner; after he left, a manager of the partner."""
    here = Membership.objects.active(at.date()).filter(partner=copy.partner_id, person__is_active=True)
    if here.filter(person=copy.made_by_id).exists():
        return copy.made_by
    manager = here.managers().select_related("person").order_by("pk").first()
    return manager.person if manager else None


def _send(person: User, asset: Asset, count: int) -> None:
    is_withdrawn = asset.withdrawn_at is not None or asset.retired_at is not None
    send_letter(
        to=person.email,
        subject=f"{asset.title}: {'withdrawn' if is_withdrawn else 'a newer version'}",
        template="copies_outdated",
        context={
            "person": person,
            "asset": asset,
            "count": count,
            "is_withdrawn": is_withdrawn,
            "url": f"{settings.SITE_URL}{reverse('branding:copies')}",
        },
    )
