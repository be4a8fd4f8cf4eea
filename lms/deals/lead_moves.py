"""States of a lead that the vendor gives, and the moves between them, as one table. Services, pages and database read
it from here.
"""

from dataclasses import dataclass

from django.db.models import Q, TextChoices

from lms.deals.moves import Side


class LeadState(TextChoices):
    OFFERED = "offered", "Waiting for the partner"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Not answered in time"
    RECALLED = "recalled", "Taken back"


class DeclineReason(TextChoices):
    """The closed list."""

    NO_CAPACITY = "no_capacity", "We have no capacity"
    NOT_OUR_FIELD = "not_our_field", "Not our region, industry or product"
    KNOWN = "known", "We know this customer, and there is no opportunity"
    CONFLICT = "conflict", "We have a conflict of interest"
    TOO_SMALL = "too_small", "Too small for us"


@dataclass(frozen=True, kw_only=True)
class LeadMoveKind:
    """From any of `origins` to `target`, by one side."""

    name: str
    origins: frozenset[LeadState]
    target: LeadState
    side: Side


def _kind(name: str, origins: str, target: LeadState, side: Side) -> LeadMoveKind:
    states = frozenset(LeadState(one) for one in origins.split())
    return LeadMoveKind(name=name, origins=states, target=target, side=side)


TABLE: tuple[LeadMoveKind, ...] = (
    _kind("give", "", LeadState.OFFERED, Side.VENDOR),
    _kind("accept", "offered", LeadState.ACCEPTED, Side.PARTNER),
    _kind("decline", "offered", LeadState.DECLINED, Side.PARTNER),
    _kind("expire", "offered", LeadState.EXPIRED, Side.PLATFORM),
    _kind("recall", "offered", LeadState.RECALLED, Side.VENDOR),
    _kind("give_again", "declined expired recalled", LeadState.OFFERED, Side.VENDOR),
)
MOVES: dict[str, LeadMoveKind] = {kind.name: kind for kind in TABLE}


def legal_steps() -> Q:
    """The table as a condition on a row of the log, for the database."""
    allowed = Q()
    for kind in TABLE:
        origins: list[str] = sorted(kind.origins) or [""]
        allowed |= Q(move=kind.name, from_state__in=origins, to_state=kind.target)
    return allowed
