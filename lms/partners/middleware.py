"""`request.membership`: for which partner the person acts in this request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lms.common.problems import is_for_machines, problem
from lms.partners.models import Membership
from lms.partners.rules import todays_memberships

Handler = Callable[[HttpRequest], HttpResponse]
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


def current_membership(get_response: Handler) -> Handler:
    """Sets `request.membership`; refuses the people of a suspended partner from the next request on.

    A visitor without a session costs nothing, a signed-in person one query.
    """

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            request.membership = choose_membership(request) if request.user.is_authenticated else None  # type: ignore[attr-defined]
            return get_response(request)

        def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
            match = request.resolver_match
            if match is not None and match.view_name in _ALWAYS_OPEN:
                return None
            return refuse_suspended(request) if is_shut_out(request) else None

    return Middleware()


def refuse_suspended(request: HttpRequest) -> HttpResponse:
    """403, as a page or, for machines, as problem+json."""
    partner = todays_memberships(request.user)[0].partner
    if is_for_machines(request):
        return problem(403, "partner_suspended", f"{partner.name} is suspended.")
    return render(request, "partners/suspended.html", {"partner": partner}, status=403)
