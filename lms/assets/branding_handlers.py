"""What follows for co-branded copies when their master changes."""

from datetime import datetime

from lms.assets.events import AssetRestored, AssetWithdrawn, VersionAdded
from lms.assets.models import Asset, AssetVersion, Reason
from lms.assets.services.branding import carry_template
from lms.assets.services.copy_holders import tell_holders
from lms.assets.services.notices import keepers_of, note
from lms.assets.services.template_use import lost_zones
from lms.events.services import subscribe


@subscribe(VersionAdded)
def follow_new_file(event: VersionAdded) -> None:
    """Holders of copies of an older one are told. Those of a withdrawn asset hear of it when it is back."""
    asset = Asset.objects.filter(public_id=event.asset_id).first()
    if asset is not None and not asset.is_gone:
        tell_of(asset, event.at)


@subscribe(VersionAdded)
def carry_zones(event: VersionAdded) -> None:
    """Zones go over to the new file where they fit; who keeps the asset hears where they do not.

    A delivery of its own: one that is killed is repeated and keeps nobody from hearing of the file. Only of the file in
    use: a later one has its own.
    """
    current = AssetVersion.objects.filter(asset__public_id=event.asset_id, number=event.number).select_related("asset")
    version = current.first()
    if version is None or version.asset.current_id != version.pk:
        return
    if carry_template(version=version, at=event.at) is None and lost_zones(version):
        keepers, day = keepers_of([version.asset])[version.asset_id], event.at.date()
        note(keepers, version.asset, Reason.ZONES, about_on=day, at=event.at)


@subscribe(AssetWithdrawn)
def tell_of_withdrawal(event: AssetWithdrawn) -> None:
    asset = Asset.objects.filter(public_id=event.asset_id).first()
    if asset is not None and asset.is_gone:
        tell_of(asset, event.at)


@subscribe(AssetRestored)
def tell_of_replacement(event: AssetRestored) -> None:
    """Of a file that came while the asset was withdrawn."""
    asset = Asset.objects.filter(public_id=event.asset_id).first()
    if asset is not None and not asset.is_gone:
        tell_of(asset, event.at)


def tell_of(asset: Asset, at: datetime) -> None:
    """Who made copies of the asset that are out of date now hears it in his next letter."""
    note(tell_holders(asset=asset, at=at), asset, Reason.COPIES, about_on=at.date(), at=at)
