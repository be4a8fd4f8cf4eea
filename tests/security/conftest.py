"""The world that all tests of this folder walk through."""

from tests.security.world import _private_files, media, world

__all__ = ["_private_files", "media", "world"]
