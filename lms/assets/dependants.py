"""What shows an asset: apps above register a finder, the library asks all of them. Neither knows the other.

A finder is registered once, in AppConfig.ready(). It answers for many assets in a number of queries that does not grow
with them, by the asset's primary key.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from lms.accounts.models import User
from lms.assets.models import Asset


@dataclass(frozen=True, kw_only=True)
class Dependant:
    """A live page that shows an asset: `url` is where its owner changes it."""

    title: str
    url: str
    owner: User


Finder = Callable[[Collection[Asset]], Mapping[int, Sequence[Dependant]]]

_finders: list[Finder] = []


def register(finder: Finder) -> Finder:
    """Adds a finder; the same one again changes nothing."""
    if finder not in _finders:
        _finders.append(finder)
    return finder


def dependants_of(assets: Collection[Asset]) -> dict[int, list[Dependant]]:
    """What shows them, by primary key."""
    found: defaultdict[int, list[Dependant]] = defaultdict(list)
    for finder in _finders if assets else []:
        for key, some in finder(assets).items():
            found[key] += some
    return found
