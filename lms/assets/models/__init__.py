"""Tables of the asset library."""

from lms.assets.models.library import Asset, AssetQuerySet, AssetVersion, Kind, ProductVersion, Source, State

__all__ = ["Asset", "AssetQuerySet", "AssetVersion", "Kind", "ProductVersion", "Source", "State"]
