"""Where a lesson is read, by its activity IRI. The app that shows lessons registers how to find them; those that only
point at lessons ask here; neither knows the other."""

from collections.abc import Callable, Collection, Mapping

from django.http import HttpRequest

Finder = Callable[[HttpRequest, Collection[str]], Mapping[str, str]]

_finders: list[Finder] = []


def register(finder: Finder) -> Finder:
    """Adds a finder; the same one again changes nothing."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def links_for(request: HttpRequest, iris: Collection[str]) -> dict[str, str]:
    """The addresses of those lessons that this person may read."""
    found: dict[str, str] = {}
    for finder in _finders if iris else ():
        found |= finder(request, iris)
    return found
