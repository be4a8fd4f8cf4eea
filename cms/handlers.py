"""What follows when Wagtail publishes or withdraws a course page, in the transaction that does it."""

from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone
from wagtail.log_actions import get_active_log_context
from wagtail.models import Page, ReferenceIndex, Revision
from wagtail.signals import page_published, page_unpublished

from cms import services
from cms.models import CoursePage
from cms.models.base import ContentPage
from lms.accounts.models import User
from lms.assets.events import AssetWithdrawn
from lms.assets.models import Asset
from lms.common.letters import send_letter
from lms.events.services import subscribe


@receiver(page_published, sender=CoursePage)
def store_outline(sender: type[CoursePage], instance: CoursePage, revision: Revision, **kwargs: Any) -> None:
    if instance.live:
        publisher = get_active_log_context().user or revision.user
        services.publish_course(page=instance, by=publisher, at=timezone.now())


@receiver(page_unpublished, sender=CoursePage)
def retire_course(sender: type[CoursePage], instance: CoursePage, **kwargs: Any) -> None:
    services.withdraw_course(page=instance, at=timezone.now())


@subscribe(AssetWithdrawn)
def tell_owners_of_pages(event: AssetWithdrawn) -> None:
    """One letter to each owner of live pages that show the asset: partners read there what is coming."""
    asset = Asset.objects.filter(public_id=event.asset_id).exclude(withdrawn_at=None, retired_at=None).first()
    if asset is None:
        return
    pages: dict[User, list[Page]] = {}
    for page in _pages_with(asset):
        if isinstance(page, ContentPage) and page.content_owner.is_active:
            pages.setdefault(page.content_owner, []).append(page)
    for owner, some in pages.items():
        send_letter(
            to=owner.email,
            subject=f"{asset.title} is withdrawn",
            template="asset_withdrawn",
            context={
                "person": owner,
                "asset": asset,
                "pages": some,
                "url": settings.SITE_URL + reverse("wagtailadmin_pages:edit", args=[some[0].pk]),
            },
        )


def _pages_with(asset: Asset) -> list[Page]:
    """Live pages that show the asset, by title."""
    found = ReferenceIndex.get_references_to(asset).filter(base_content_type=ContentType.objects.get_for_model(Page))
    ids = {int(pk) for pk in found.values_list("object_id", flat=True)}
    return list(Page.objects.live().filter(pk__in=ids).order_by("title").specific())
