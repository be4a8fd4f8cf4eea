"""What happens in badges."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class BadgeAwarded(Event):
    type: ClassVar[str] = "badges.BadgeAwarded"
    award_id: UUID
    person_id: UUID
