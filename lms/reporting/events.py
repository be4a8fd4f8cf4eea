"""What happens in reporting."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class PartnerFiguresChanged(Event):
    """A projected completion figure of this partner changed."""

    type: ClassVar[str] = "reporting.PartnerFiguresChanged"
    partner_id: UUID


@dataclass(frozen=True, kw_only=True)
class ReportDue(Event):
    """A report that somebody wants by letter is to be sent, for the week or month that began on `period` (ISO 8601)."""

    type: ClassVar[str] = "reporting.ReportDue"
    letter_id: UUID
    period: str
