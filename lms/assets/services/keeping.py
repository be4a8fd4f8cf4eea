"""How an asset comes to the library, gets a new file, and leaves."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.db.models import Max
from django.db.models.fields.files import FieldFile
from wagtail.search import index

from lms.accounts.models import User
from lms.assets.contents import judge
from lms.assets.errors import AssetChanged, BadAsset, BadFile
from lms.assets.events import AssetRestored, AssetWithdrawn, VersionAdded
from lms.assets.models import Asset, AssetVersion, ProductVersion
from lms.assets.scanning import scan
from lms.common.files import removed_on_failure
from lms.events.services import emit
from lms.partners.models import PartnerType, Persona, Region


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Whom an asset is for and which products it speaks about; an empty list means everybody and every product."""

    personas: Sequence[Persona] = ()
    partner_types: Sequence[PartnerType] = ()
    regions: Sequence[Region] = ()
    products: Sequence[ProductVersion] = ()


def save_asset(
    *,
    asset: Asset,
    aim: Aim,
    file: File[Any] | None,
    filename: str = "",
    note: str = "",
    seen: str = "",
    by: User,
    at: datetime,
) -> Asset:
    """Keeps what was written about an asset, new or known, and its next file when one is given.

    `seen` is the `fingerprint` of what the writer started from. Raises AssetChanged when that is not what stands now,
    BadAsset (a withdrawn one without a word of what is coming), BadFile and UnsafeInput (see `add_version`); then
    nothing is kept. Locks the asset. Emits VersionAdded.
    """
    with removed_on_failure() as files, transaction.atomic():
        if asset._state.adding:
            asset.created_at, asset.created_by = at, by
            asset.save(force_insert=True)
        else:
            _check_unchanged(asset, seen)
            asset.save(update_fields=_WRITTEN)
        asset.personas.set(aim.personas)
        asset.partner_types.set(aim.partner_types)
        asset.regions.set(aim.regions)
        asset.products.set(aim.products)
        if file is not None:
            _add_version(asset, file, filename, note, by, at, files)
        index.insert_or_update_object(asset)  # with its products, which were not there when the row was saved
    return asset


def _check_unchanged(asset: Asset, seen: str) -> None:
    stored = _locked(asset)
    if seen and fingerprint(stored) != seen:
        raise AssetChanged("Somebody changed this asset after you opened the form. Nothing was saved.")
    if stored.retired_at is not None:
        raise BadAsset("It is retired, for good: nothing in it is changed any more. Add a new asset.")
    if stored.withdrawn_at is not None and not asset.coming_note:
        raise BadAsset("It is withdrawn: say what is coming in its place.")


def _locked(asset: Asset) -> Asset:
    return Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)


_WRITTEN = [
    *("title", "summary", "kind", "language", "need", "minimum_tier", "owner", "review_on", "expires_on"),
    *("required_benefit", "coming_note"),
]
_LISTS = ["personas", "partner_types", "regions", "products"]


def fingerprint(asset: Asset) -> str:
    """Of all that a save may write, and of the file in use: equal while nobody changed them. Four queries."""
    row = asset.__class__.objects.filter(pk=asset.pk).values(*_WRITTEN, "current").first()
    lists = {name: sorted(getattr(asset, name).values_list("pk", flat=True)) for name in _LISTS} if row else {}
    return hashlib.sha256(json.dumps([row, lists], sort_keys=True, default=str).encode()).hexdigest()


def add_version(
    *, asset: Asset, file: File[Any], filename: str, note: str = "", by: User, at: datetime
) -> AssetVersion:
    """Puts a new file in the place of the newest; the older ones stay for the record.

    Of the same content as the newest it changes nothing and returns that. Locks the asset. Raises BadFile for a file
    that is not taken or that the scanner refuses, UnsafeInput for a hostile archive. Emits VersionAdded.
    """
    with removed_on_failure() as files, transaction.atomic():
        return _add_version(asset, file, filename, note, by, at, files)


def _add_version(
    asset: Asset, file: File[Any], filename: str, note: str, by: User, at: datetime, files: list[FieldFile]
) -> AssetVersion:
    content = judge(file, filename)
    scan(file, content.filename)
    digest = _digest(file)
    locked = _locked(asset)
    newest = locked.versions.filter(pk=locked.current_id or 0).first()
    if newest is not None and newest.sha256 == digest and newest.filename == content.filename:
        return newest
    last = locked.versions.aggregate(last=Max("number"))["last"] or 0
    version = AssetVersion(
        asset=asset,
        number=last + 1,
        filename=content.filename,
        media_type=content.media_type,
        size=file.size,
        sha256=digest,
        note=note,
        added_by=by,
        added_at=at,
    )
    try:
        version.file.save(content.filename, file, save=False)
    except OSError as error:
        raise BadFile("The file could not be stored. Nothing was saved. Try again, or ask who runs it.") from error
    files.append(version.file)
    version.save(force_insert=True)
    asset.current = version
    asset.save(update_fields=["current"])
    emit(VersionAdded(at=at, asset_id=asset.public_id, number=version.number))
    return version


def _digest(file: File[Any]) -> str:
    found = hashlib.sha256()
    for chunk in file.chunks():
        found.update(chunk)
    file.seek(0)
    return found.hexdigest()


@transaction.atomic
def withdraw_asset(*, asset: Asset, coming_note: str, by: User, at: datetime) -> bool:
    """Takes the file from partners; they read what is coming. Whether they could have it: not one that is a draft,
    withdrawn or retired.

    Raises BadAsset without a note. Emits AssetWithdrawn.
    """
    if not coming_note.strip():
        raise BadAsset("Say what is coming in its place, and when.")
    kept = Asset.objects.filter(pk=asset.pk, current__isnull=False, withdrawn_at=None, retired_at=None)
    changed = kept.update(withdrawn_at=at, withdrawn_by=by, coming_note=coming_note.strip())
    asset.refresh_from_db()
    if changed:
        emit(AssetWithdrawn(at=at, asset_id=asset.public_id))
    return bool(changed)


@transaction.atomic
def restore_asset(*, asset: Asset, review_on: date, by: User, at: datetime) -> bool:
    """Gives a withdrawn asset back to partners, to be reviewed by a day to come. Whether it was withdrawn.

    Raises BadAsset for a day that is past. Emits AssetRestored.
    """
    _check_review(review_on, at)
    changed = Asset.objects.filter(pk=asset.pk, withdrawn_at__isnull=False, retired_at=None).update(
        withdrawn_at=None, withdrawn_by=None, coming_note="", review_on=review_on
    )
    asset.refresh_from_db()
    if changed:
        emit(AssetRestored(at=at, asset_id=asset.public_id))
    return bool(changed)


@transaction.atomic
def review_asset(*, asset: Asset, review_on: date, by: User, at: datetime) -> bool:
    """Somebody has looked at it and it is true: it stays until the day `review_on`. Whether that is another day.

    Nothing changes for a draft and for one that is retired or withdrawn. Raises BadAsset for a day that is past.
    """
    _check_review(review_on, at)
    kept = Asset.objects.filter(pk=asset.pk, current__isnull=False, withdrawn_at=None, retired_at=None)
    changed = kept.exclude(review_on=review_on).update(review_on=review_on)
    asset.refresh_from_db()
    return bool(changed)


def _check_review(review_on: date, at: datetime) -> None:
    if review_on < at.date():
        raise BadAsset("The next review is today or later.")


@transaction.atomic
def retire_asset(*, asset: Asset, by: User, at: datetime) -> bool:
    """Takes the asset out of the library for good; its files and what was done with them stay on record.

    Whether it was not retired before. Emits AssetWithdrawn.
    """
    changed = Asset.objects.filter(pk=asset.pk, retired_at=None).update(retired_at=at, retired_by=by)
    asset.refresh_from_db()
    if changed:
        emit(AssetWithdrawn(at=at, asset_id=asset.public_id))
    return bool(changed)
