"""What the frame of every page shows: the main navigation, by need, and for which partner the person acts."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from courses.models import Need
from lms.partners.middleware import membership_of

PHONE_PLACES = 5


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One place in the menu; the phone's tab bar shows `short_label`."""

    label: str
    short_label: str
    url: str
    is_current: bool


def frame(request: HttpRequest) -> dict[str, object]:
    """`navigation` and `acting_for`, found when a page shows them: one without the frame (an exam) asks for nothing."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"navigation": [], "acting_for": None}
    return {
        "navigation": SimpleLazyObject(lambda: navigation(request)),
        "acting_for": SimpleLazyObject(lambda: membership_of(request)),
    }


def navigation(request: HttpRequest) -> list[Entry]:
    """At most five places. People of a partner have theirs at the end, vendor staff what they look after."""
    user = request.user
    places = [("Home", "Home", reverse("portal:home"))]
    needs = [
        ("Get certified", "Certify", reverse("portal:need", args=[Need.GET_CERTIFIED])),
        ("Close a deal", "Deals", reverse("portal:need", args=[Need.CLOSE_A_DEAL])),
        ("Implement", "Implement", reverse("portal:need", args=[Need.IMPLEMENT_THE_PRODUCT])),
    ]
    own = []
    membership = membership_of(request)
    if membership is not None:
        own.append(("Our partner page", "Partner", reverse("portal:partner", args=[membership.partner.public_id])))
    else:
        if user.has_perm("partners.view_all_partners"):
            own.append(("Partners", "Partners", reverse("portal:partners")))
        elif user.has_perm("reporting.view_overview"):
            own.append(("Overview", "Overview", reverse("portal:report", args=["overview"])))
        if user.has_perm("portal.edit_content"):
            own.append(("Content", "Content", reverse("wagtailadmin_home")))
    places += needs[: PHONE_PLACES - 1 - len(own)] + own
    return [
        Entry(label=label, short_label=short, url=url, is_current=_is_at(request, url)) for label, short, url in places
    ]


def _is_at(request: HttpRequest, url: str) -> bool:
    return request.path == url if url == reverse("portal:home") else request.path.startswith(url)
