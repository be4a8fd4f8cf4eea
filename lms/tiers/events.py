"""What happens in tiers."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class TierAtRisk(Event):
    """A tier will be lost on a day if nobody acts; the letter to one person is to be sent."""

    type: ClassVar[str] = "tiers.TierAtRisk"
    alarm_id: UUID
    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class PartnerFactsChanged(Event):
    """Figures of a partner were imported, or one of its documents was judged: what the rules look at has changed."""

    type: ClassVar[str] = "tiers.PartnerFactsChanged"
    partner_id: UUID
