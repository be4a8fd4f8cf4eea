"""What the site offers for each need. Apps above fill it, the home page reads it: neither knows the other.

A provider is registered once, in AppConfig.ready(). It is asked per request and answers with what this person may see,
best first, in a number of queries that does not grow with the number of links.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.http import HttpRequest


class Need(StrEnum):
    """Why a person comes. The value stands in addresses."""

    GET_CERTIFIED = "get-certified"
    CLOSE_A_DEAL = "close-a-deal"
    IMPLEMENT = "implement-the-product"


@dataclass(frozen=True, kw_only=True)
class NeedLink:
    """One answer to a need: where it leads, and in a word what it costs ("8 min") or is ("PDF")."""

    title: str
    url: str
    meta: str = ""
    note: str = ""


Provider = Callable[[HttpRequest], Mapping[Need, Sequence[NeedLink]]]

_providers: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Adds a provider; the same one again changes nothing."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def links_for(request: HttpRequest) -> dict[Need, list[NeedLink]]:
    """All answers this person may see, in the order in which providers were registered."""
    found: dict[Need, list[NeedLink]] = {need: [] for need in Need}
    for provider in _providers:
        for need, links in provider(request).items():
            found[need] += links
    return found
