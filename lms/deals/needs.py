"""What deals offer to who wants to close one: how others won."""

from django.http import HttpRequest
from django.urls import reverse

from courses.models import Need
from lms.accounts.models import User
from lms.common.needs import NeedLink
from lms.deals.services.story_search import newest_stories

SHOWN = 3


def links(request: HttpRequest) -> dict[str, list[NeedLink]]:
    """The newest published stories, and the way to the others. One query."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101  the pages that ask are for who is signed in
    found = [
        NeedLink(title=one.headline, url=reverse("deals:story", args=[one.public_id]), meta="Won")
        for one in newest_stories(user)[:SHOWN]
    ]
    if found:
        found.append(NeedLink(title="How other deals were won", url=reverse("deals:stories"), meta="Stories"))
    return {Need.CLOSE_A_DEAL: found}
