"""For which partner the person acts in a request, and that nobody of a suspended one does."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from lms.common.problems import is_for_machines, problem
from lms.partners.models import Membership, Partner
from lms.partners.rules import todays_memberships

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

Handler = Callable[[HttpRequest], HttpResponse]
View = TypeVar("View", bound=Callable[..., HttpResponseBase])
SESSION_KEY = "membership"
# What a person of a suspended partner may still do: leave, and follow an invitation elsewhere.
_ALWAYS_OPEN = {"account_logout", "partners:accept_invitation"}


def membership_of(request: HttpRequest) -> Membership | None:
    """The membership chosen in the session while it holds, else the newest that does; None without any.

    Partners under suspension are passed over. One query per user object, when somebody asks for the first time.
    """
    usable = [m for m in todays_memberships(request.user) if m.partner.suspended_at is None]
    chosen = request.session.get(SESSION_KEY) if usable and hasattr(request, "session") else None
    return next((m for m in usable if str(m.public_id) == chosen), usable[0] if usable else None)


def is_shut_out(person: "User | AnonymousUser") -> bool:
    """Whether every partner the person belongs to is suspended, and nothing else gives him a place here."""
    memberships = todays_memberships(person)
    return (
        bool(memberships)
        and all(m.partner.suspended_at is not None for m in memberships)
        and not person.has_perm("partners.view_all_partners")
    )


def judges_membership(view: View) -> View:
    """Marks a view that itself refuses the people of a suspended partner, from what it reads anyway: for a request that
    comes from hundreds of people every few seconds."""
    view.judges_membership = True  # type: ignore[attr-defined]
    return view


def open_under_suspension(view: View) -> View:
    """Marks a view that the people of a suspended partner may use: what they gave away is theirs to take back."""
    view.open_under_suspension = True  # type: ignore[attr-defined]
    return view


def good_standing(get_response: Handler) -> Handler:
    """Refuses the people of a suspended partner from the next request on. A signed-in person costs one query."""

    class Middleware:
        def __call__(self, request: HttpRequest) -> HttpResponse:
            return get_response(request)

        def process_view(self, request: HttpRequest, view: View, *arguments: object) -> HttpResponse | None:
            match = request.resolver_match
            if hasattr(view, "judges_membership") or hasattr(view, "open_under_suspension"):
                return None
            if match is not None and match.view_name in _ALWAYS_OPEN:
                return None
            return refuse_suspended(request) if is_shut_out(request.user) else None

    return Middleware()


def refuse_suspended(request: HttpRequest, partner: Partner | None = None) -> HttpResponse:
    """403, as a page or, for machines, as problem+json. Without a partner it speaks of the person's newest."""
    partner = partner or todays_memberships(request.user)[0].partner
    if is_for_machines(request):
        return problem(403, "partner_suspended", f"{partner.name} is suspended.")
    return render(request, "partners/suspended.html", {"partner": partner}, status=403)
