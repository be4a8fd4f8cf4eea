"""What the frame of every page shows: the main navigation, by need, and for which partner the person acts."""

from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from courses.models import Need
from lms.partners.middleware import membership_of

PHONE_PLACES = 5
# Pages that belong to a need and have addresses of their own.
INSIDE = {Need.GET_CERTIFIED: ("/certifications/", "/exams/", "/practice/"), Need.CLOSE_A_DEAL: ("/deals/",)}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One place in the menu; the phone's tab bar shows `short_label`. `current` is as `aria-current` has it."""

    label: str
    short_label: str
    url: str
    current: Literal["page", "true", ""]


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
    needs = [
        _need(request, "Get certified", "Certify", Need.GET_CERTIFIED),
        _need(request, "Close a deal", "Deals", Need.CLOSE_A_DEAL),
        _need(request, "Implement", "Implement", Need.IMPLEMENT_THE_PRODUCT),
    ]
    own = []
    membership = membership_of(request)
    if membership is not None:
        page = reverse("portal:partner", args=[membership.partner.public_id])
        own.append(_entry(request, "Our partner page", "Partner", page))
    else:
        if user.has_perm("partners.view_all_partners"):
            own.append(_entry(request, "Partners", "Partners", reverse("portal:partners")))
        elif user.has_perm("reporting.view_overview"):
            own.append(_entry(request, "Overview", "Overview", reverse("portal:report", args=["overview"])))
        if user.has_perm("portal.edit_content"):
            own.append(_entry(request, "Content", "Content", reverse("wagtailadmin_home")))
    home = reverse("portal:home")
    current: Literal["page", ""] = "page" if request.path == home else ""
    first = Entry(label="Home", short_label="Home", url=home, current=current)
    return [first, *needs[: PHONE_PLACES - 1 - len(own)], *own]


def _need(request: HttpRequest, label: str, short_label: str, need: Need) -> Entry:
    return _entry(request, label, short_label, reverse("portal:need", args=[need]), INSIDE.get(need, ()))


def _entry(request: HttpRequest, label: str, short_label: str, url: str, inside: tuple[str, ...] = ()) -> Entry:
    is_inside = request.path.startswith(url) or request.path_info.startswith(inside)
    current: Literal["page", "true", ""] = "page" if request.path == url else "true" if is_inside else ""
    return Entry(label=label, short_label=short_label, url=url, current=current)
