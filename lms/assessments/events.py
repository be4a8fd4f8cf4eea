"""What happens in assessments."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class AttemptScored(Event):
    """An attempt was submitted and scored. `statement_id` is the passed or failed statement."""

    type: ClassVar[str] = "assessments.AttemptScored"
    attempt_id: UUID
    person_id: UUID
    assessment_id: UUID
    is_passed: bool
    statement_id: UUID
