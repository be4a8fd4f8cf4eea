"""`request.membership`: for which partner the person acts in this request."""

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from lms.common.problems import is_for_machines, problem
from lms.partners.models import Membership
from lms.partners.rules import todays_memberships

Handler = Callable[[HttpRequest], HttpResponse]
View = TypeVar("View", bound=Callable[..., HttpResponse])
SESSION_KEY = "membership"
# What a person of a suspended partner may still do: leave, and follow an invitation elsewhere.
_ALWAYS_OPEN = {"account_logout", "partners:accept_invitation"}


def membership_of(request: HttpRequest) -> Membership | None:
    """`request.membership` with its type."""
    membership: Membership | None = getattr(request, "membership", None)
    return membership


def choose_membership(request: HttpRequest) -> Membership | None:
    """The membership chosen in the session while it holds, else the newest that does; None without any.

    Partners under suspension are passed over. One query per user object.
    """
    usable = [m for m in todays_memberships(request.user) if m.partner.suspended_at is None]
    chosen = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    return next((m for m in usable if str(m.public_id) == chosen), usable[0] if usable else None)


def is_shut_out(request: HttpRequest) -> bool:
    """Whether every partner the person belongs to is suspended, and nothing else gives him a place here."""
    memberships = todays_memberships(request.user)
    return (
        bool(memberships)
        and all(m.partner.suspended_at is not None for m in memberships)
        and not request.user.has_perm("partners.view_all_partners")
    )


def judges_membership(view: View) -> View:
    """Marks a view that is POSTed to and itself refuses the people of a suspended partner, from what it reads anyway.

    `request.membership` is None there. For a request that comes from hundreds of people every few seconds.
    """
    view.judges_membership = True  # type: ignore[attr-defined]
    return view


def _judges_itself(request: HttpRequest) -> bool:
    if request.method != "POST":
        return False
    try:
        return hasattr(resolve(request.path_info).func, "judges_membership")
    except Resolver404:
        return False


def current_membership(get_response: Handler) -> Handler:
    """Sets `request.membership`; refuses the people of a suspended partner from the next request on.

    A visitor without a session costs nothing, a signed-in person one query.
    """

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            is_wanted = not _judges_itself(request) and request.user.is_authenticated
            request.membership = choose_membership(request) if is_wanted else None  # type: ignore[attr-defined]
            return get_response(request)

        def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
            match = request.resolver_match
            if match is not None and (match.view_name in _ALWAYS_OPEN or hasattr(match.func, "judges_membership")):
                return None
            return refuse_suspended(request) if is_shut_out(request) else None

    return Middleware()


def refuse_suspended(request: HttpRequest) -> HttpResponse:
    """403, as a page or, for machines, as problem+json."""
    partner = todays_memberships(request.user)[0].partner
    if is_for_machines(request):
        return problem(403, "partner_suspended", f"{partner.name} is suspended.")
    return render(request, "partners/suspended.html", {"partner": partner}, status=403)
