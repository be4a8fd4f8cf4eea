"""The same world as the safety tests walk through."""

from tests.security.world import _private_files, media, world

__all__ = ["_private_files", "media", "world"]
