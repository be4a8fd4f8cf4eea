"""What programmes give, and how a partner gets what its tier does not give yet. The app that knows programmes fills it
in; others ask here."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from lms.partners.models import Partner
from lms.partners.services import has_benefit

Way = Callable[[Partner, str, datetime], str]

Offer = Callable[[datetime], Mapping[str, str]]

_ways: list[Way] = []
_offers: list[Offer] = []


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


def register_offer(offer: Offer) -> Offer:
    """Adds who can say which benefits there are, name to words; the same one again changes nothing."""
    if offer not in _offers:
        _offers.append(offer)
    return offer


def offered(at: datetime) -> dict[str, str]:
    """Benefits that the programme in force gives, and those published to come: name to words, by words."""
    found = {name: words for offer in _offers for name, words in offer(at).items()}
    return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


class BenefitField(forms.ChoiceField):
    """The benefit that something asks for: one that programmes give, or none. `kept` is what stands stored: it stays
    selected where it is no longer given, but such a thing would be closed to everybody, so it is refused."""

    def __init__(self, *, kept: str = "", help_text: str = "") -> None:
        self.given = offered(timezone.now())
        choices = [
            ("", "None: no benefit is asked for"),
            *((name, f"{it} ({name})") for name, it in self.given.items()),
        ]
        if kept and kept not in self.given:
            choices.append((kept, f"{kept} (no longer given)"))
        super().__init__(choices=choices, required=False, label="Required benefit", help_text=help_text)

    def validate(self, value: Any) -> None:
        if value and value not in self.given:
            raise forms.ValidationError(
                f"No programme gives “{value}” any more, so nobody could have this. Choose another benefit, or none."
            )
        super().validate(value)
