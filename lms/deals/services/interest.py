"""Who may make which move: the sides a person stands on, and why he may have no interest of his own."""

from datetime import datetime
from itertools import chain

from lms.accounts.models import User
from lms.deals.errors import NotYourMove, OwnInterest
from lms.deals.models import Deal, Origin, VendorAccount
from lms.deals.moves import DECISIONS, Move, State, moves_from
from lms.deals.table import Side
from lms.partners.models import Membership

# Decided on a level of escalation.
OF_LEVEL = frozenset({"settle", "uphold", "overturn"})


def sides_of(person: User, deal: Deal) -> frozenset[Side]:
    """The sides of the deal a person acts for."""
    sides = set()
    if person.has_perm("deals.change_deal", deal):
        sides.add(Side.PARTNER)
    if person.has_perm("deals.review_deal", deal):
        sides.add(Side.VENDOR)
    return frozenset(sides)


def next_moves(*, deal: Deal, person: User) -> list[Move]:
    """What the person can do next, in the order of the table. What registers a deal is not among it."""
    found = chain.from_iterable(moves_from(deal.state, side) for side in sorted(sides_of(person, deal)))
    return list(dict.fromkeys(found))


def quota_holders(deal: Deal) -> set[int]:
    """Ids of the vendor's people who have quota in the deal: named on it, or on the vendor's account of it."""
    keys = {"name_key": deal.name_key, "country": deal.customer_country, "domain_key": deal.domain_key}
    sellers = VendorAccount.objects.of_customer(**keys).exclude(seller=None).values_list("seller_id", flat=True)
    return {pk for pk in (deal.seller_id, *sellers) if pk is not None}


def require_no_interest(*, deal: Deal, by: User, at: datetime) -> None:
    """Raises OwnInterest for who registered the deal, belongs to its partner, or has quota in it."""
    if deal.origin == Origin.FILE and deal.moves.filter(number=1, by=by).exists():
        raise OwnInterest("You imported this deal, so somebody else decides it.")
    if by.pk == deal.registered_by_id or (
        Membership.objects.active(at.date()).filter(person=by, partner=deal.partner_id).exists()
    ):
        raise OwnInterest("You belong to the partner of this deal, so somebody else decides it.")
    if by.pk in quota_holders(deal):
        raise OwnInterest("You have quota in this deal, so somebody else decides it.")


def require_level(*, deal: Deal, move: Move, by: User) -> None:
    """Raises NotYourMove for who is not on the level the deal stands on, and for who decided it before."""
    is_of_level = move.name in OF_LEVEL or (move.name == "reject" and deal.state == State.IN_CONFLICT)
    if not is_of_level:
        return
    level = deal.rules.rules.level(deal.level)
    if not by.is_superuser and not by.groups.filter(name=level.group).exists():
        raise NotYourMove(f"This is on level {deal.level} now: {level.who} decides.")
    decided = deal.moves.filter(move__in=DECISIONS).order_by("-number").first()
    if deal.state == State.DISPUTED and decided is not None and decided.by_id == by.pk:
        raise NotYourMove("You made the decision that is disputed, so somebody else looks at it.")
