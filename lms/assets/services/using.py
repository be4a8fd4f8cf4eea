"""What people do with assets enters the learning record."""

from datetime import datetime

from django.db import transaction

from lms.accounts.models import User
from lms.assets.events import AssetUsed
from lms.assets.models import AssetVersion
from lms.assets.statements import Use, used
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi.errors import StatementConflict
from lms.xapi.services import platform_authority, record


@transaction.atomic
def note_use(*, version: AssetVersion, person: User, membership: Membership | None, use: Use, at: datetime) -> bool:
    """Records that the person used the version for the partner he acts for; whether that was new.

    Once per person, version, use and day: repeating it changes nothing. What the vendor's own people do is no use and
    is not recorded. Emits AssetUsed.
    """
    if membership is None:
        return False
    try:
        record([used(version, person, membership, use, at)], authority=platform_authority(), at=at)
    except StatementConflict:  # of another moment of the same day
        return False
    emit(
        AssetUsed(
            at=at,
            asset_id=version.asset.public_id,
            number=version.number,
            verb=str(use),
            person_id=person.public_id,
        )
    )
    return True
