"""What happens in the asset library."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class VersionAdded(Event):
    """An asset has a new file: the master of all that was made from an older one was replaced."""

    type: ClassVar[str] = "assets.VersionAdded"
    asset_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class AssetWithdrawn(Event):
    """Partners cannot have an asset any more, for now or for good. Who depends on it is to hear it."""

    type: ClassVar[str] = "assets.AssetWithdrawn"
    asset_id: UUID


@dataclass(frozen=True, kw_only=True)
class AssetRestored(Event):
    """Partners can have a withdrawn asset again."""

    type: ClassVar[str] = "assets.AssetRestored"
    asset_id: UUID


@dataclass(frozen=True, kw_only=True)
class AssetUsed(Event):
    """A partner's person downloaded, viewed or shared an asset; `verb` is the word."""

    type: ClassVar[str] = "assets.AssetUsed"
    asset_id: UUID
    number: int
    verb: str
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class LetterDue(Event):
    """A person is to hear of these notices (primary keys), in one letter."""

    type: ClassVar[str] = "assets.LetterDue"
    person_id: UUID
    notice_ids: tuple[int, ...]
