"""States of a lead that the vendor gives, and the moves between them, as one table. Services, pages and database read
it from here.
"""

from django.db.models import TextChoices

from lms.deals.table import Side, Step, by_name


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


def _kind(name: str, origins: str, target: LeadState, side: Side) -> Step:
    states = frozenset(LeadState(one) for one in origins.split())
    return Step(name=name, origins=states, target=target, sides=frozenset({side}))


TABLE: tuple[Step, ...] = (
    _kind("give", "", LeadState.OFFERED, Side.VENDOR),
    _kind("accept", "offered", LeadState.ACCEPTED, Side.PARTNER),
    _kind("decline", "offered", LeadState.DECLINED, Side.PARTNER),
    _kind("expire", "offered", LeadState.EXPIRED, Side.PLATFORM),
    _kind("recall", "offered", LeadState.RECALLED, Side.VENDOR),
    _kind("give_again", "declined expired recalled", LeadState.OFFERED, Side.VENDOR),
)
MOVES = by_name(TABLE)
