"""Assets, with files that are what they say."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import factory
from django.core.files.base import ContentFile
from factory.django import DjangoModelFactory

from lms.assets.models import Asset, AssetVersion, Kind
from tests.factories import UserFactory

PDF = b"%PDF-1.4\n%%EOF\n"
LONG_AGO = datetime(2026, 1, 5, 9, tzinfo=UTC)


class AssetFactory(DjangoModelFactory[Asset]):
    """An asset without a file, to be reviewed in some distant year."""

    class Meta:
        model = Asset

    title = factory.Sequence(lambda n: f"Datasheet {n}")
    summary = "What it does on one page."
    kind = Kind.DATASHEET
    owner = factory.SubFactory(UserFactory)
    review_on = date(2030, 1, 1)
    created_at = LONG_AGO
    created_by = factory.SelfAttribute("owner")


def add_file(asset: Asset, content: bytes = PDF, **changes: Any) -> AssetVersion:
    """The next version, as a row."""
    number = asset.versions.count() + 1
    fields = {"filename": "datasheet.pdf", "media_type": "application/pdf", "added_at": LONG_AGO}
    version = AssetVersion(
        asset=asset,
        number=number,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        added_by=asset.owner,
        **(fields | changes),
    )
    version.file.save("datasheet.pdf", ContentFile(content))
    asset.current = version
    asset.save(update_fields=["current"])
    return version


def make_asset(content: bytes = PDF, **fields: Any) -> Asset:
    """An asset with one file."""
    asset = AssetFactory(**fields)
    add_file(asset, content)
    return asset
