"""Which live pages show an asset."""

from collections import defaultdict
from collections.abc import Collection

from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from wagtail.models import Page, ReferenceIndex

from cms.models.base import ContentPage
from lms.assets.dependants import Dependant
from lms.assets.models import Asset


def pages_with(assets: Collection[Asset]) -> dict[int, list[Dependant]]:
    """Courses and playbooks that partners read, by the asset's primary key and then by title."""
    kinds = ContentType.objects.get_for_models(Asset, Page)
    references = ReferenceIndex.objects.filter(
        base_content_type=kinds[Page],
        to_content_type=kinds[Asset],
        to_object_id__in=[str(one.pk) for one in assets],
    )
    pairs = {(int(page), int(asset)) for page, asset in references.values_list("object_id", "to_object_id")}
    pages = Page.objects.live().filter(pk__in={page for page, _ in pairs}).order_by("title", "pk").specific()
    found: defaultdict[int, list[Dependant]] = defaultdict(list)
    for page in pages:
        if isinstance(page, ContentPage):
            one = Dependant(
                title=page.title, url=reverse("wagtailadmin_pages:edit", args=[page.pk]), owner=page.content_owner
            )
            for asset in sorted(asset for key, asset in pairs if key == page.pk):
                found[asset].append(one)
    return found
