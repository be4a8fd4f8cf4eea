"""What people do with assets, as xAPI statements. Pure: of a version with its asset, a membership with its partner."""

from datetime import UTC, datetime
from uuid import UUID

import tincan
from django.db import models

from lms.accounts.models import User
from lms.assets.models import AssetVersion
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.statements import activity, build, fact_id


class Use(models.TextChoices):
    """What somebody did with an asset."""

    VIEWED = "viewed", "Viewed"
    DOWNLOADED = "downloaded", "Downloaded"
    SHARED = "shared", "Shared"

    @property
    def verb(self) -> str:
        return VERBS[self]


VERBS = {
    Use.VIEWED: vocabulary.VIEWED,
    Use.DOWNLOADED: vocabulary.DOWNLOADED,
    Use.SHARED: vocabulary.SHARED,
}


def used_id(version: AssetVersion, person: User, use: Use, at: datetime) -> UUID:
    """The one id of a use: a person counts once per version and day (UTC), however often he clicks."""
    return fact_id(version.public_id, f"{use}:{person.public_id}:{at.astimezone(UTC).date()}")


def used(version: AssetVersion, person: User, membership: Membership, use: Use, at: datetime) -> tincan.Statement:
    asset = version.asset
    return build(
        actor=person,
        verb=use.verb,
        object=activity(asset.activity_iri, type=vocabulary.FILE, name=asset.title),
        at=at,
        id=used_id(version, person, use, at),
        membership=membership,
        revision=str(version.number),
    )
