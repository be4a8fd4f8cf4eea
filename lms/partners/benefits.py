"""How a partner gets what its tier does not give yet. The app that knows programmes fills it in; others ask here."""

from collections.abc import Callable
from datetime import datetime

from lms.partners.models import Partner
from lms.partners.services import has_benefit

Way = Callable[[Partner, str, datetime], str]

_ways: list[Way] = []


def register_way(way: Way) -> Way:
    """Adds who can say how a partner gets a benefit ("" where he can't); the same one again changes nothing."""
    if way not in _ways:
        _ways.append(way)
    return way


def lacking(*, partner: Partner, name: str, at: datetime) -> str:
    """How the partner gets the benefit that something asks for; "" when it has it, or when none is asked for. One query
    while it has it. The rule of everything that a benefit opens."""
    if not name or has_benefit(partner=partner, name=name, at=at):
        return ""
    return way_to(partner, name, at)


def way_to(partner: Partner, name: str, at: datetime) -> str:
    """How the partner gets the benefit, in a sentence; that nobody offers it, where nobody does."""
    return next(
        filter(None, (way(partner, name, at) for way in _ways)), "No tier of the programme gives it at present."
    )
