"""Tables of the asset library."""

from lms.assets.models.backlog import MissedSearch, MissedSearchAsker, Verdict
from lms.assets.models.branding import BrandedCopy, BrandProfile, BrandTemplate, CopyState
from lms.assets.models.library import Asset, AssetQuerySet, AssetVersion, Kind, ProductVersion, Source, State
from lms.assets.models.notices import Notice, Reason

__all__ = [
    "Asset",
    "AssetQuerySet",
    "AssetVersion",
    "BrandProfile",
    "BrandTemplate",
    "BrandedCopy",
    "CopyState",
    "Kind",
    "MissedSearch",
    "MissedSearchAsker",
    "Notice",
    "ProductVersion",
    "Reason",
    "Source",
    "State",
    "Verdict",
]
