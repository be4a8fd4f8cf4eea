"""Letters that assets call for."""

from django.conf import settings
from django.urls import reverse

from lms.assets.events import ReviewsDue
from lms.assets.models import Asset
from lms.common.letters import send_letter
from lms.events.services import subscribe


@subscribe(ReviewsDue)
def send_review_letter(event: ReviewsDue) -> None:
    """One letter to the owner, of what is still to be reviewed; none to who left."""
    assets = Asset.objects.filter(public_id__in=event.asset_ids, retired_at=None, told_of_review_on__isnull=False)
    rows = list(assets.select_related("owner").order_by("review_on", "pk"))
    if not rows or not rows[0].owner.is_active:
        return
    owner = rows[0].owner
    send_letter(
        to=owner.email,
        subject="An asset to review" if len(rows) == 1 else f"{len(rows)} assets to review",
        template="assets_to_review",
        context={"person": owner, "assets": rows, "url": settings.SITE_URL + reverse("assets_desk:use")},
    )
