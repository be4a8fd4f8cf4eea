"""What the asset library offers for each need."""

from collections import defaultdict

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.assets.models import Asset
from lms.common.needs import NeedLink
from lms.partners.models import today

PER_NEED = 4


def links(request: HttpRequest) -> dict[str, list[NeedLink]]:
    """By need: the assets with the newest files, and the way to the others. One query beside those of the audience."""
    user, on = request.user, today()
    assert isinstance(user, User)  # noqa: S101  the pages that ask are for who is signed in
    found: defaultdict[str, list[NeedLink]] = defaultdict(list)
    assets = Asset.objects.open_to(user, timezone.now()).available(on).order_by("-current__added_at", "-pk")
    for public_id, title, kind, need in assets.values_list("public_id", "title", "kind", "need"):
        if len(found[need]) < PER_NEED:
            url = reverse("assets:asset", args=[public_id])
            found[need].append(
                NeedLink(title=title, url=url, meta=dict(Asset._meta.get_field("kind").flatchoices)[kind])
            )
    for need, some in found.items():
        some.append(NeedLink(title="All assets", url=f"{reverse('assets:library')}?need={need}", meta="Library"))
    return found
