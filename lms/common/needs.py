"""What the site offers for each need. Apps that have something fill it, the home page reads it; neither knows the
other.

A provider is registered once, in AppConfig.ready(). It is asked per request and answers with what this person may see,
best first, under the need's slug, in a number of queries that does not grow with the number of links.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, kw_only=True)
class NeedLink:
    """One answer to a need: where it leads, and in a word what it costs ("8 min") or is ("PDF")."""

    title: str
    url: str
    meta: str = ""
    note: str = ""


Provider = Callable[[HttpRequest], Mapping[str, Sequence[NeedLink]]]

_providers: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Adds a provider; the same one again changes nothing."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def links_for(request: HttpRequest) -> dict[str, list[NeedLink]]:
    """All answers this person may see, in the order in which providers were registered."""
    found: defaultdict[str, list[NeedLink]] = defaultdict(list)
    for provider in _providers:
        for need, links in provider(request).items():
            found[need] += links
    return found
