"""Pictures and sounds of items: kept once, by their digest."""

from datetime import datetime

from django.core.files.base import ContentFile

from lms.accounts.models import User
from lms.assessments.formats.media import Medium, sniff
from lms.assessments.models import ItemMedia
from lms.common.guards import UnsafeInput


def keep_medium(*, medium: Medium, by: User | None, at: datetime) -> ItemMedia:
    """The kept file of these bytes; stored when it is new. The same bytes again change nothing."""
    found = ItemMedia.objects.filter(digest=medium.digest).first()
    if found is not None:
        return found
    row, is_new = ItemMedia.objects.get_or_create(
        digest=medium.digest,
        defaults={
            "extension": medium.extension,
            "size": len(medium.data),
            "width": medium.width,
            "height": medium.height,
            "added_at": at,
            "added_by": by,
        },
    )
    if is_new:
        row.file.save(f"{medium.digest}.{medium.extension}", ContentFile(medium.data), save=False)
        row.save(update_fields=["file"])
    return row


def add_medium(*, data: bytes, by: User | None, at: datetime) -> ItemMedia:
    """Keeps an uploaded file. Raises UnsafeInput for what is no picture or sound that is kept."""
    medium = sniff(data)
    if medium is None:
        raise UnsafeInput("This is no picture (PNG, JPEG, GIF, WebP, SVG) or sound (MP3, Ogg, WAV, M4A) up to 10 MB.")
    return keep_medium(medium=medium, by=by, at=at)


def load_medium(digest: str) -> Medium | None:
    """The medium of a digest with its bytes; None when it is not kept."""
    row = ItemMedia.objects.filter(digest=digest).first()
    if row is None:
        return None
    with row.file.open("rb") as file:
        return Medium(file.read(), row.extension, row.width, row.height)
