"""Keep, improve or retire: decided by a person who saw the figures."""

from datetime import datetime

from django.db import transaction

from lms.accounts.models import User
from lms.assets.errors import BadAsset
from lms.assets.models import Asset, Verdict
from lms.assets.services.figures import evidence_of
from lms.assets.services.keeping import retire_asset


@transaction.atomic
def decide(*, asset: Asset, choice: str, reason: str, by: User, at: datetime) -> Verdict:
    """Writes the verdict into the log with the figures of this moment; "retire" takes the asset away as well.

    Raises BadAsset for a verdict that is none or without a reason, of an asset that is retired already, and of one
    without a file, which can only be retired. Locks the asset. Emits AssetWithdrawn with "retire".
    """
    if choice not in Verdict.Choice.values or not reason.strip():
        raise BadAsset("Choose keep, improve or retire, and say why in a sentence.")
    stored = Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    if stored.retired_at is not None:
        raise BadAsset("It is retired already, for good: nothing more is decided about it.")
    if stored.current_id is None and choice != Verdict.Choice.RETIRE:
        raise BadAsset("It has no file yet: there is nothing to keep or to improve.")
    verdict = Verdict.objects.create(
        asset=asset,
        choice=choice,
        reason=reason.strip(),
        evidence=evidence_of([asset], at=at)[asset.pk].as_json(),
        decided_at=at,
        decided_by=by,
    )
    if choice == Verdict.Choice.RETIRE:
        retire_asset(asset=asset, by=by, at=at)
    return verdict
