"""Tables of the asset library."""

from lms.assets.models.backlog import MissedSearch, MissedSearchAsker, Verdict
from lms.assets.models.library import Asset, AssetQuerySet, AssetVersion, Kind, ProductVersion, Source, State

__all__ = [
    "Asset",
    "AssetQuerySet",
    "AssetVersion",
    "Kind",
    "MissedSearch",
    "MissedSearchAsker",
    "ProductVersion",
    "Source",
    "State",
    "Verdict",
]
